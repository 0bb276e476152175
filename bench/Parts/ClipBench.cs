using System.Diagnostics;
using System.Globalization;
using Locutor.Generation;
using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using Locutor.Media.Sound;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>
/// Measures clips of a preset from a picture and speech features to 8-bit frames, with all networks on the device. A long video consists
/// of later clips. While a clip runs, the previous clip is colour matched and converted, except during the last one.
/// </summary>
internal sealed class ClipBench(BenchOptions options, Meter meter)
{
    private const string Part = "clip";

    private readonly Dictionary<(string Preset, int Clip), Timeline> alone = []; // on one GPU, for the comparison with several

    /// <summary>
    /// Measures one preset, or several that share the networks, on one device, and then on several GPUs if they are given.
    /// </summary>
    public IEnumerable<BenchRow> Run()
    {
        foreach (var row in RunOn([])) yield return row;
        if (options.Gpus.Count < 2) yield break;
        foreach (var row in RunOn([.. options.Gpus.Skip(1)])) yield return row;
    }

    private IEnumerable<BenchRow> RunOn(IReadOnlyList<Device> helpers)
    {
        long start = Stopwatch.GetTimestamp();
        using var networks = NetworkSet.Random(
            options.Bundle, options.Seed,
            LoadingOptions.From(options.Device, options.Precision) with { Budget = options.VramBudget, Helpers = helpers });
        meter.Wait();
        yield return new BenchRow(
            Part, helpers.Count == 0 ? "networks brought to the device" : $"networks brought to {helpers.Count + 1} GPUs",
            Stopwatch.GetElapsedTime(start).TotalSeconds);
        foreach (string preset in (options.Preset ?? options.Bundle.DefaultPreset).Split(','))
        {
            foreach (var row in Run(networks, VideoSettings.Resolve(options.Bundle, (options with { Preset = preset }).Request())))
                yield return row;
        }

        if (helpers.Count == 0) yield break;
        var asked = VideoSettings.Resolve(options.Bundle, (options with { Preset = options.Preset?.Split(',')[0] }).Request());
        foreach (var row in new StopBench(options.Gpus).Run(
            (progress, cancellationToken) => GenerateAsync(networks, asked, Plan(asked), null, progress, cancellationToken)))
        {
            yield return row;
        }
    }

    private IEnumerable<BenchRow> Run(NetworkSet networks, VideoSettings settings)
    {
        var plan = Plan(settings);
        var timeline = new Timeline(meter);
        var cache = settings.StepCache is { } chosen ? new CountedStepCache(chosen) : null;
        double? memory = meter.Peak(
            () => Generate(networks, settings, plan, cache, timeline), networks.Team.Count > 1 ? options.Gpus : null);
        string what =
            $"{settings.Preset}, {settings.Steps} steps of {Guidance.PassesOf(settings.Guidance).Count} " +
            $"passes{(cache is null ? "" : $", {cache.Name}")}";
        for (int clip = 1; clip <= options.Clips; clip++)
        {
            string which = clip == 1 ? "first" : clip < options.Clips ? "later" : "last",
                skipped = cache is null ? "" : $", {cache.Made[clip - 1].Skipped} steps skipped";
            yield return new BenchRow(
                Part, $"{which} clip, {what}, {plan.At(clip - 1).Keep} new frames{skipped}",
                timeline.Of(clip))
            { MemoryGiB = memory, Note = timeline.Stages(clip) };
            if (alone.TryAdd((settings.Preset, clip), timeline)) continue;
            yield return new BenchRow(
                Part,
                $"  {which} clip on {networks.Team.Count} GPUs, parts of the time on one: " +
                $"{timeline.Scaling(alone[(settings.Preset, clip)], clip)}",
                null);
        }

        if (timeline.FirstFrame is { } seconds)
        {
            yield return new BenchRow(
                Part,
                $"first frame of a warm job, {settings.Preset}, {options.Height}x{options.Width}, " +
                $"{plan.TotalFrames / SpeechEmbedding.FramesPerSecond} s of voice",
                seconds);
        }
    }

    private ClipPlan Plan(VideoSettings settings)
    {
        int motion = Math.Min(settings.MotionFrames, (options.Frames - 1) / 4 * 4 - 3);
        int leadIn = settings.FewSteps ? motion : 0;
        return new(options.Frames - leadIn + (options.Clips - 1) * (options.Frames - motion), options.Frames, motion, leadIn);
    }

    private void Generate(NetworkSet networks, VideoSettings settings, ClipPlan plan, StepCacheOptions? cache, Timeline timeline)
    {
        GenerateAsync(networks, settings, plan, cache, timeline).GetAwaiter().GetResult();
        timeline.End();
        // The time to the first frame matters for a voice that still arrives. Otherwise it is about that of a whole clip.
        if (settings.StreamSpeech)
            timeline.FirstFrame = meter.Once(() => FirstFrame(networks, settings, plan).GetAwaiter().GetResult());
    }

    private async Task GenerateAsync(
        NetworkSet networks, VideoSettings settings, ClipPlan plan, StepCacheOptions? cache, IProgress<GenerationProgress> progress,
        CancellationToken cancellationToken = default)
    {
        var picture = RandomPicture();
        var config = networks.Transformer.Config;
        using var numbers = randn([plan.TotalFrames, config.AudioBlocks, config.AudioChannels], ScalarType.Float32);
        using var video = PreparedVideo.FromSpeech(
            networks, Asked(settings), (options.Height, options.Width), plan.TotalFrames,
            [SpeechTrack.From(numbers)], (_, _) => ValueTask.FromResult(picture));
        var generation = Options(video, settings, plan, cache);
        await foreach (var clip in video.GenerateAsync(
            Generator(networks), generation, progress: progress, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            using (clip)
                foreach (byte[] frame in clip.Frames()) GC.KeepAlive(frame);
        }
    }

    private static TalkingVideoGenerator Generator(NetworkSet networks) =>
        new(networks.Team, networks.Autoencoder, networks.Image, networks.Device);

    private static GenerationOptions Options(PreparedVideo video, VideoSettings settings, ClipPlan plan, StepCacheOptions? cache) =>
        video.Options with
        {
            Clips = plan,
            ColourCorrection = Math.Max(0.2, settings.ColourCorrection), // A long video needs it; a preset may leave it out.
            StepCache = cache,
        };

    private Picture RandomPicture() => new(options.Width, options.Height, RandomBytes(3 * options.Width * options.Height));

    private VideoSettings Asked(VideoSettings settings) =>
        settings with { Prompt = "a person is talking", NegativePrompt = "a still picture", Seed = options.Seed };

    /// <summary>Runs a job on warm networks, from its picture and its decoded voice to the bytes of its first frame.</summary>
    private async Task FirstFrame(NetworkSet networks, VideoSettings settings, ClipPlan plan)
    {
        float[] samples = new float[plan.TotalFrames * (SpeechEmbedding.SampleRate / SpeechEmbedding.FramesPerSecond)];
        var random = new Random((int)options.Seed);
        for (int i = 0; i < samples.Length; i++) samples[i] = (float)(random.NextDouble() - 0.5);
        var voice = new Waveform(SpeechEmbedding.SampleRate, samples);
        using var video = PreparedVideo.FromMemory(networks, Asked(settings), RandomPicture(), voice);
        var generation = Options(video, settings, plan, settings.StepCache);
        await foreach (var clip in video.GenerateAsync(new TalkingVideoGenerator(networks), generation).ConfigureAwait(false))
        {
            using (clip) GC.KeepAlive(clip.Frames().First());
            return;
        }
    }

    private byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random((int)options.Seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Records when each stage of each clip began. It waits for the device before each reading of the clock.</summary>
    private sealed class Timeline(Meter meter) : IProgress<GenerationProgress>
    {
        private readonly List<(int Clip, GenerationStage Stage, long At)> marks = [];
        private long ended;

        /// <summary>Seconds from the start of a warm job to its first frame; null if they were not measured.</summary>
        public double? FirstFrame { get; set; }

        public void End() => ended = Now();

        public void Report(GenerationProgress value)
        {
            if (marks.Count > 0 && marks[^1].Clip == value.Clip && marks[^1].Stage == value.Stage) return;
            marks.Add((value.Clip, value.Stage, Now()));
        }

        /// <summary>Returns the seconds from the start of a clip to the start of the next clip or to the end.</summary>
        public double Of(int clip) =>
            Stopwatch.GetElapsedTime(
                marks.First(mark => mark.Clip == clip).At, End(marks.FindLastIndex(mark => mark.Clip == clip))).TotalSeconds;

        /// <summary>Returns the stages of a clip with their seconds.</summary>
        public string Stages(int clip) => string.Join(", ", marks.Index()
            .Where(mark => mark.Item.Clip == clip)
            .Select(mark => string.Create(
                CultureInfo.InvariantCulture,
                $"{mark.Item.Stage.ToString().ToLowerInvariant()} " +
                $"{Seconds(mark.Index):0.000} s")));

        /// <summary>Returns the time of a clip and its stages as shares of another run's.</summary>
        public string Scaling(Timeline other, int clip)
        {
            var stages = marks.Index().Where(mark => mark.Item.Clip == clip)
                .Zip(
                    other.marks.Index().Where(mark => mark.Item.Clip == clip),
                    (mine, its) => (mine.Item.Stage, Seconds(mine.Index) / other.Seconds(its.Index)));
            return string.Create(CultureInfo.InvariantCulture, $"clip {Of(clip) / other.Of(clip):0.000}, ")
                + string.Join(
                    ", ",
                    stages.Select(stage => string.Create(
                        CultureInfo.InvariantCulture, $"{stage.Stage.ToString().ToLowerInvariant()} {stage.Item2:0.000}")));
        }

        private double Seconds(int index) => Stopwatch.GetElapsedTime(marks[index].At, End(index)).TotalSeconds;

        private long End(int index) => index + 1 < marks.Count ? marks[index + 1].At : ended;

        private long Now()
        {
            meter.Wait();
            return Stopwatch.GetTimestamp();
        }
    }
}
