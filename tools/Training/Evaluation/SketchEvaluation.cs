using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Training.Faces;
using Locutor.Training.Motion;
using Locutor.Training.Speech;

namespace Locutor.Training.Evaluation;

/// <summary>
/// Evaluates the small model. It renders persons who speak, with persons, sentences and voices that are not in the training data. From
/// the first frame of each it generates a video and compares both. A <see cref="MouthMeter"/> reads the opening of the mouth from pixels;
/// its error on rendered frames is reported too.
/// </summary>
public sealed class SketchEvaluation(
    NetworkSet networks, VideoSettings resolved, EvaluationOptions options, IReadOnlyList<Utterance> speech, Action<string> log)
{
    private const int FarthestLag = 4;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly VideoSettings settings = resolved with { HeadMotion = 0 }; // The head of the true frames does not move.
    private readonly double head = resolved.HeadMotion;
    private readonly int size = resolved.Composition is null ? resolved.Buckets[0][0] : options.PortraitSize;
    private readonly Utterance[][] voices = [.. speech.GroupBy(u => u.Voice).Select(g => g.ToArray())];
    private readonly List<EvaluationRow> rows = [];
    private double speaking;

    /// <summary>Runs the evaluation. It takes about an hour on a small CPU and two minutes on a GPU.</summary>
    public async Task<EvaluationReport> MeasureAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.Output);
        using var renderer = new FaceRenderer(size, size);
        TalkingSubject[] people = [.. Enumerable.Range(1, options.People).Select(i => new TalkingSubject(i, size, renderer))];
        await SpeechRowsAsync(people, renderer, cancellationToken).ConfigureAwait(false);
        await SilenceRowAsync(people[0], renderer, cancellationToken).ConfigureAwait(false);
        if (options.LongSeconds > 0) await LongRowsAsync(people[0], renderer, cancellationToken).ConfigureAwait(false);
        foreach (var (name, samples) in options.Recordings)
            await RecordingRowAsync(name, samples, people[options.People > 1 ? 1 : 0], renderer, cancellationToken).ConfigureAwait(false);
        if (settings.Composition is not null && people.Length > 1)
        {
            Add(await PairFigures.RowAsync(networks, settings, people[..2], Say(60, options.Seconds), renderer, size, cancellationToken)
                .ConfigureAwait(false));
        }
        if (options.PartPeople > 0)
        {
            SpeechMix[] sentences = [.. Enumerable.Range(70, 6).Select(seed => Say(seed, 4))];
            TalkingSubject[] divided = [.. people.Take(options.PartPeople)];
            Add(await PartFigures.RowAsync(networks, resolved, divided, sentences, renderer, size, cancellationToken)
                .ConfigureAwait(false));
        }
        if (head > 0) await HeadRowAsync(people[^1], renderer, cancellationToken).ConfigureAwait(false);
        if (options.MoodPeople > 0)
            await MoodRowAsync([.. people.Take(options.MoodPeople)], renderer, cancellationToken).ConfigureAwait(false);
        if (options.Program.Count > 0) await CommandRowsAsync(people[0], renderer, cancellationToken).ConfigureAwait(false);
        var report = new EvaluationReport(networks.Bundle.Name, settings.Preset, networks.Device.ToString(), rows);
        string json = JsonSerializer.Serialize(report, Json);
        foreach (var (name, text) in new[] { ("evaluation.json", json), ("evaluation.md", report.ToMarkdown()) })
            await File.WriteAllTextAsync(Path.Combine(options.Output, name), text, cancellationToken).ConfigureAwait(false);
        return report;
    }

    private static int Frames(double seconds) => (int)(seconds * SpeechMix.FrameRate);

    private SpeechMix Say(int seed, double seconds) =>
        SpeechMix.Compose(voices[seed % voices.Length], Frames(seconds), new Random(seed), plain: true);

    private async Task SpeechRowsAsync(TalkingSubject[] people, FaceRenderer renderer, CancellationToken cancellationToken)
    {
        var matching = new List<(double Correlation, int Lag)>();
        var wrong = new List<double>();
        var meter = new List<double>();
        var pictures = new PictureFigures(size, settings.Composition is null ? 28 : 36);
        using var sheet = new ContactSheet(12, 2 * people.Length, size, size);
        double speaking = 0;
        for (int i = 0; i < people.Length; i++)
        {
            var truth = people[i].Speak(Say(i, options.Seconds), "neutral", renderer, i);
            var other = people[i].Speak(Say(i + 1000 + voices.Length / 2, options.Seconds), "neutral", renderer, i);
            byte[][] made = await Generate(people[i], truth, networks.Bundle.DefaultPrompt, i, cancellationToken).ConfigureAwait(false);
            double[] read = people[i].Read(made);
            matching.Add(Statistics.BestLag(read, truth.Openings, FarthestLag));
            wrong.Add(Statistics.BestLag(read, other.Openings, 1).Correlation);
            meter.Add(Statistics.Correlation(people[i].Read(truth.Frames), truth.Openings));
            pictures.Add(made, truth, LidMeter.For(people[i], renderer));
            speaking += read.Select(r => Math.Max(0, r)).Average() / people.Length;
            log(Text(
                $"person {i + 1}: opening {matching[^1].Correlation:F3} at lag {matching[^1].Lag}, other sentence " +
                $"{wrong[^1]:F3}, {pictures.Last}, meter {meter[^1]:F3}"));
            for (int c = 0; c < 12; c++)
            {
                int f = c * (made.Length - 1) / 11;
                sheet.Place(2 * i * 12 + c, truth.Frames[f], Text($"true {truth.Openings[f]:F2}"));
                sheet.Place((2 * i + 1) * 12 + c, made[f], Text($"made {read[f]:F2}"));
            }
        }
        await File.WriteAllBytesAsync(Path.Combine(options.Output, "speech.jpg"), sheet.EncodeJpeg(), cancellationToken)
            .ConfigureAwait(false);
        double correlation = matching.Average(m => m.Correlation), lag = Statistics.Median(matching.Select(m => (double)Math.Abs(m.Lag)));
        Add(
            "mouth opening, generated against true: correlation at the best lag / lag", "0.85 / within 1 frame (40 ms)",
            Text(
                $"{correlation:F3} / {lag:F0} frames (worst person {matching.Min(m => m.Correlation):F3}; " +
                $"the reading of true frames reaches {meter.Average():F3})"),
            correlation >= 0.85 && matching.All(m => Math.Abs(m.Lag) <= 1), ("correlation", correlation),
            ("worst", matching.Min(m => m.Correlation)), ("medianLag", lag), ("largestLag", matching.Max(m => Math.Abs(m.Lag))),
            ("meter", meter.Average()));
        Add(
            "same with the audio of another sentence", "below 0.3", Text($"{wrong.Average():F3}"), wrong.Average() < 0.3,
            ("correlation", wrong.Average()));
        foreach (var row in pictures.Rows()) Add(row);
        this.speaking = speaking;
    }

    private async Task SilenceRowAsync(TalkingSubject person, FaceRenderer renderer, CancellationToken cancellationToken)
    {
        var openings = new List<double>();
        foreach (double level in new[] { 0, 1e-3 })
        {
            float[] audio = new float[Frames(options.Seconds) * SpeechMix.FrameSamples];
            if (level > 0) RoomSound.AddNoise(audio, (float)level, new Random(3));
            var truth = person.Speak(
                new SpeechMix(audio, new MouthPose[Frames(options.Seconds)], new float[Frames(options.Seconds)]), "neutral", renderer, 1);
            byte[][] made = await Generate(person, truth, networks.Bundle.DefaultPrompt, 50, cancellationToken).ConfigureAwait(false);
            openings.Add(person.Read(made).Select(r => Math.Max(0, r)).Average());
        }
        double share = openings.Average() / speaking;
        Add(
            "silence: mean opening against speech", "under 10 %",
            Text($"{share:P1} (exact zeros {openings[0] / speaking:P1}, a quiet room {openings[1] / speaking:P1})"), share < 0.1,
            ("share", share), ("zeros", openings[0] / speaking), ("room", openings[1] / speaking));
    }

    private async Task LongRowsAsync(TalkingSubject person, FaceRenderer renderer, CancellationToken cancellationToken)
    {
        var truth = person.Speak(Say(77, options.LongSeconds), "neutral", renderer, 77);
        var clock = Stopwatch.StartNew();
        byte[][] made = await Generate(person, truth, networks.Bundle.DefaultPrompt, 77, cancellationToken).ConfigureAwait(false);
        double took = clock.Elapsed.TotalSeconds / options.LongSeconds;
        Add(
            "seconds per second of video, without process start and encoding", "1",
            Text($"{took:F2} s ({networks.Device}, {Environment.ProcessorCount} processors)"), took <= 1, ("seconds", took));
        int clip = settings.ClipFrames, stride = settings.ClipFrames - settings.MotionFrames;
        byte[][] portrait = [.. Enumerable.Repeat(truth.Frames[0], clip)];
        double[] kept = [Psnr(made[..clip], portrait), Psnr(made[^clip..], portrait)],
            moved = [Psnr(portrait, truth.Frames[..clip]), Psnr(portrait, truth.Frames[^clip..])];
        double[] near = [Psnr(made[..clip], truth.Frames[..clip]), Psnr(made[^clip..], truth.Frames[^clip..])];
        Add(Text($"{options.LongSeconds:F0} s of speech: identity PSNR, last clip against first"), "at most 1.5 dB worse",
            Text(
                $"{kept[1] - kept[0]:+0.00;-0.00} dB ({kept[0]:F2} to {kept[1]:F2} against the portrait); against the true frames " +
                $"{near[1] - near[0]:+0.00;-0.00} dB, which themselves leave the portrait by {moved[1] - moved[0]:+0.00;-0.00} dB"),
            kept[1] - kept[0] >= -1.5, ("first", kept[0]), ("last", kept[1]), ("firstAgainstTruth", near[0]),
            ("lastAgainstTruth", near[1]), ("portraitAgainstTruthFirst", moved[0]), ("portraitAgainstTruthLast", moved[1]));
        double Psnr(byte[][] frames, byte[][] others) => FrameFigures.Psnr(frames, others, size, truth.Moving);
        var (ratio, largest) = Jump(made, clip, stride);
        double trueRatio = Jump(truth.Frames, clip, stride).Mean;
        Add(
            "jump at clip borders, against the median between frames", "under 1.5 x",
            Text($"{ratio:F2} x (true frames at the same places {trueRatio:F2} x)"), ratio < 1.5,
            ("ratio", ratio), ("largest", largest), ("truth", trueRatio));
        double[] read = person.Read(made);
        var best = Statistics.BestLag(read, truth.Openings, FarthestLag);
        int tail = Math.Max(0, read.Length - 250);
        double end = Statistics.Correlation(read.AsSpan(tail), truth.Openings.AsSpan(tail));
        log(Text(
            $"{options.LongSeconds:F0} s: opening {best.Correlation:F3} at lag {best.Lag}; last ten seconds {end:F3}"));
        using var sheet = new ContactSheet(12, 4, size, size);
        for (int i = 0; i < 24; i++)
        {
            int f = i * (made.Length - 1) / 23;
            sheet.Place(i / 12 * 24 + i % 12, truth.Frames[f], Text($"true {f / 25.0:F0} s"));
            sheet.Place(i / 12 * 24 + 12 + i % 12, made[f], "made");
        }
        await File.WriteAllBytesAsync(Path.Combine(options.Output, "long.jpg"), sheet.EncodeJpeg(), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>
    /// Compares the difference of two frames where a clip begins with the median difference of neighbours. Without clips the mean would
    /// still be larger than 1, since a mouth moves in bursts.
    /// </summary>
    private static (double Mean, double Largest) Jump(byte[][] frames, int clip, int stride)
    {
        double[] steps = [.. Enumerable.Range(1, frames.Length - 1).Select(f => FrameFigures.Difference(frames[f - 1], frames[f]))];
        double[] borders =
        [
            .. Enumerable.Range(0, int.MaxValue).Select(k => clip + k * stride).TakeWhile(f => f < frames.Length).Select(f => steps[f - 1])
        ];
        double median = Statistics.Median(steps);
        return (borders.Average() / median, borders.Max() / median);
    }

    /// <summary>
    /// Measures the motion of the head. All other rows are measured with a head that is kept still, as in the true frames.
    /// </summary>
    private async Task HeadRowAsync(TalkingSubject person, FaceRenderer renderer, CancellationToken cancellationToken)
    {
        var truth = person.Speak(Say(7, options.Seconds), "neutral", renderer, 7);
        byte[][] made = await person.GenerateAsync(
            truth.Frames[0], truth.Speech.Audio, networks.Bundle.DefaultPrompt, networks, settings with { HeadMotion = head }, 7,
            cancellationToken).ConfigureAwait(false);
        var shifts = HeadMeter.Read(made, size, truth.Face, truth.Moving);
        double largest = shifts.Max(s => double.Hypot(s.X, s.Y));
        double step = shifts.Zip(shifts.Skip(1)).Max(s => double.Hypot(s.Second.X - s.First.X, s.Second.Y - s.First.Y));
        Add(
            "head motion in pixels, as set by default: farthest from the portrait / largest step", "1 to 8 / under 1.5",
            Text($"{largest:F1} / {step:F2} px"), largest is >= 1 and <= 8 && step < 1.5, ("farthest", largest), ("step", step));
    }

    private async Task RecordingRowAsync(
        string name, float[] samples, TalkingSubject person, FaceRenderer renderer, CancellationToken cancellationToken)
    {
        byte[] portrait = person.Portrait(renderer);
        byte[][] made = await person.GenerateAsync(
            portrait, samples, networks.Bundle.DefaultPrompt, networks, settings, 5, cancellationToken).ConfigureAwait(false);
        double[] read = person.Read(made);
        var best = Statistics.BestLag(read, FrameFigures.Envelope(samples), FarthestLag);
        Add(
            Text($"human recording {name}: opening against speech envelope"), "0.5", Text($"{best.Correlation:F3} at lag {best.Lag}"),
            best.Correlation >= 0.5, ("correlation", best.Correlation), ("lag", best.Lag));
        using var sheet = new ContactSheet(12, 4, size, size);
        for (int i = 0; i < 48; i++)
            sheet.Place(i, made[Math.Min(made.Length - 1, 25 + 2 * i)], Text($"{read[Math.Min(made.Length - 1, 25 + 2 * i)]:F2}"));
        await File.WriteAllBytesAsync(Path.Combine(options.Output, $"recording-{name}.jpg"), sheet.EncodeJpeg(), cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task MoodRowAsync(TalkingSubject[] people, FaceRenderer renderer, CancellationToken cancellationToken)
    {
        var moods = PromptPhrases.Moods;
        int right = 0;
        using var sheet = new ContactSheet(2 * moods.Count, people.Length, size, size);
        for (int i = 0; i < people.Length; i++)
        {
            TalkingSubject.Truth[] truths = [.. moods.Select(m => people[i].Speak(Say(i, 4), m, renderer, i))];
            double[][] looks = [.. truths.Select(t => FrameFigures.Mean(t.Frames[30..], size, t.Face))];
            for (int m = 0; m < moods.Count; m++)
            {
                byte[][] made = await Generate(
                    people[i], truths[m], m == 0 ? networks.Bundle.DefaultPrompt : $"a {moods[m]} person is talking", 10 * i,
                    cancellationToken).ConfigureAwait(false);
                double[] look = FrameFigures.Mean(made[30..], size, truths[m].Face);
                int nearest = Enumerable.Range(0, moods.Count).MinBy(k => looks[k].Zip(look, (a, b) => (a - b) * (a - b)).Sum());
                if (nearest == m) right++;
                log(Text($"person {i + 1}, {moods[m]}: looks {moods[nearest]}"));
                sheet.Place(i * 2 * moods.Count + 2 * m, truths[m].Frames[70], $"true {moods[m]}");
                sheet.Place(i * 2 * moods.Count + 2 * m + 1, made[70], "made");
            }
        }
        await File.WriteAllBytesAsync(Path.Combine(options.Output, "moods.jpg"), sheet.EncodeJpeg(), cancellationToken)
            .ConfigureAwait(false);
        int all = people.Length * moods.Count;
        Add(
            "prompt words happy, sad, surprised, neutral change the expression", "yes",
            Text($"{right} of {all} videos look most like the mood asked for"), right >= 0.8 * all, ("right", right), ("of", all));
    }

    private async Task CommandRowsAsync(TalkingSubject person, FaceRenderer renderer, CancellationToken cancellationToken)
    {
        byte[] portrait = person.Portrait(renderer);
        var command = new WholeCommand(options.Program);
        float[] audio = Say(1, options.Seconds).Audio;
        string[] chosen =
        [
            "--model", networks.Bundle.Name, "--preset", settings.Preset, "--device",
            networks.Device.type == TorchSharp.DeviceType.CUDA ? "cuda" : "cpu"
        ];
        await command.RunAsync(portrait, size, audio, chosen, cancellationToken).ConfigureAwait(false);
        var (seconds, bytes) = await command.RunAsync(portrait, size, audio, chosen, cancellationToken).ConfigureAwait(false);
        Add(
            Text($"{options.Seconds:F0} s video, whole command, second run, {Environment.ProcessorCount} processors"), "30 s",
            Text($"{seconds:F1} s"), seconds <= 30, ("seconds", seconds));
        Add("peak memory", "2 GiB", Text($"{bytes / 1024.0 / 1024 / 1024:F2} GiB"), bytes <= 2L << 30, ("bytes", bytes));
    }

    private Task<byte[][]> Generate(
        TalkingSubject person, TalkingSubject.Truth truth, string prompt, long seed, CancellationToken cancellationToken) =>
        person.GenerateAsync(truth.Frames[0], truth.Speech.Audio, prompt, networks, settings, seed, cancellationToken);

    private void Add(string figure, string wanted, string measured, bool met, params (string Name, double Value)[] values) =>
        Add(new EvaluationRow(figure, wanted, measured, met, values.ToDictionary(v => v.Name, v => v.Value)));

    private void Add(EvaluationRow row)
    {
        rows.Add(row);
        log(Text($"{(row.Met ? "met    " : "NOT MET")} {row.Figure}: {row.Measured} (wanted {row.Wanted})"));
    }

    /// <summary>Formats numbers in the invariant culture, which Directory.Build.props sets for the program.</summary>
    private static string Text(DefaultInterpolatedStringHandler text) => text.ToStringAndClear();
}
