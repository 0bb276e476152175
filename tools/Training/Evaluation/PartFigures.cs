using System.Globalization;
using Locutor.Generation;
using Locutor.Generation.Loading;
using Locutor.Generation.Parts;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Sound;
using Locutor.Media.Video;
using Locutor.Training.Faces;
using Locutor.Training.Speech;

namespace Locutor.Training.Evaluation;

/// <summary>
/// Measures whether a face changes where two parts of a video are joined, more than around the other silences of the voice, which are
/// inside the parts.
/// </summary>
public static class PartFigures
{
    /// <summary>Distance of the frames that are compared; the frames that two parts have in common are between them.</summary>
    private const int Distance = 26, Pairs = 12;

    private const int Pause = 25; // frames

    /// <summary>
    /// Difference in decibels by which the joint may be worse. Within it, the service makes long voices in parts by default.
    /// </summary>
    private const double Tolerance = 0.5;

    /// <summary>Makes a video in two parts for each person and measures it.</summary>
    /// <param name="sentences">Sentences to speak, an even number of equal length, so that the middle of the voice is a silence.</param>
    /// <param name="size">Height and width of the portraits and the videos in pixels.</param>
    public static async Task<EvaluationRow> RowAsync(
        NetworkSet networks, VideoSettings settings, IReadOnlyList<TalkingSubject> people, IReadOnlyList<SpeechMix> sentences,
        FaceRenderer renderer, int size, CancellationToken cancellationToken)
    {
        int sentence = sentences[0].Mouth.Length;
        int[] silences = [.. Enumerable.Range(1, sentences.Count - 1).Select(i => i * (sentence + Pause) - Pause / 2)];
        var over = new List<double>();
        var within = new List<double>();
        foreach (var person in people)
        {
            var moving = person.Speak(sentences[0], "neutral", renderer, 0).Moving;
            var (frames, joint) = await MakeAsync(
                networks, settings, person.Portrait(renderer), sentences, silences, size, cancellationToken).ConfigureAwait(false);
            foreach (int silence in silences)
            {
                int[] first = [.. Enumerable.Range(silence - (Distance + Pairs) / 2, Pairs)];
                double likeness = FrameFigures.Psnr(
                    [.. first.Select(f => frames[f])], [.. first.Select(f => frames[f + Distance])], size, moving);
                bool isJoint = first[^1] < joint && first[0] + Distance >= joint + PartPlan.SharedFrames;
                (isJoint ? over : within).Add(likeness);
            }
        }
        if (over.Count != people.Count) throw new InvalidOperationException($"{over.Count} joints were found, expected {people.Count}");
        double joints = over.Average(), inside = within.Average();
        return new EvaluationRow(
            "a voice in two parts: likeness of frames 26 frames apart, over the joint against over silences inside the parts",
            FormattableString.Invariant($"at most {Tolerance} dB worse"),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{joints - inside:+0.00;-0.00} dB ({joints:F2} over {over.Count} joints, {inside:F2} inside, {within.Min():F2} to " +
                $"{within.Max():F2})"),
            joints >= inside - Tolerance,
            new Dictionary<string, double> { ["joint"] = joints, ["within"] = inside, ["leastWithin"] = within.Min() });
    }

    /// <summary>Makes one video as workers of the service do.</summary>
    /// <returns>The frames around the silences by their numbers, and the first frame of the second part.</returns>
    private static async Task<(Dictionary<int, byte[]> Frames, int Joint)> MakeAsync(
        NetworkSet networks, VideoSettings settings, byte[] portrait, IReadOnlyList<SpeechMix> sentences, int[] silences, int size,
        CancellationToken cancellationToken)
    {
        string folder = Directory.CreateTempSubdirectory("locutor-parts-").FullName;
        try
        {
            var whole = new ProductionRequest
            {
                ImagePath = Path.Combine(folder, "portrait.png"),
                AudioPaths = [Path.Combine(folder, "voice.wav")],
                OutputPath = Path.Combine(folder, "video.mp4"),
                Settings = settings with
                {
                    Prompt = networks.Bundle.DefaultPrompt,
                    NegativePrompt = networks.Bundle.NegativePrompt,
                    Seed = 70,
                },
            };
            await File.WriteAllBytesAsync(whole.ImagePath, PortraitPainter.EncodePng(portrait, size, size), cancellationToken)
                .ConfigureAwait(false);
            using (var voice = new WavWriter(whole.AudioPaths[0], SpeechCorpus.SampleRate, ""))
            {
                foreach (var sentence in sentences)
                {
                    if (voice.Samples > 0) voice.Append(new float[Pause * SpeechMix.FrameSamples]);
                    voice.Append(sentence.Audio);
                }
            }
            var video = await VideoProduction.OpenAsync(whole, MediaLimits.Default, cancellationToken).ConfigureAwait(false);
            await using var closed = video.ConfigureAwait(false);
            var plan = video.PlanParts(2);
            var parts = new List<PartInWork>();
            foreach (var part in plan)
            {
                var asked = whole with { Part = part, OutputPath = Path.Combine(folder, $"part-{part.First}.mp4") };
                var made = await VideoProduction.OpenAsync(asked, MediaLimits.Default, cancellationToken).ConfigureAwait(false);
                await using var disposal = made.ConfigureAwait(false);
                await made.ProduceAsync(networks, cancellationToken: cancellationToken).ConfigureAwait(false);
                parts.Add(new PartInWork(part, Task.FromResult(new FinishedPart(part, asked.OutputPath))));
            }
            await video.JoinAsync(networks.Bundle.Name, parts, _ => { }, cancellationToken).ConfigureAwait(false);
            return (await ReadAsync(whole.OutputPath, silences, cancellationToken).ConfigureAwait(false), plan[^1].First);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Dictionary<int, byte[]>> ReadAsync(string path, int[] silences, CancellationToken cancellationToken)
    {
        var frames = new Dictionary<int, byte[]>();
        var reader = await VideoReader.OpenAsync(path, MediaLimits.Default, cancellationToken).ConfigureAwait(false);
        await using var disposal = reader.ConfigureAwait(false);
        for (int i = 0; i <= silences[^1] + Distance; i++)
        {
            var frame = await reader.ReadFrameAsync(i, cancellationToken).ConfigureAwait(false);
            if (silences.Any(silence => Math.Abs(i - silence) <= Distance)) frames[i] = frame.Rgb;
        }
        return frames;
    }
}
