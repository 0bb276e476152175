using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>
/// Measures how much lower precision and skipped steps change a video of a trained bundle: the PSNR of its frames against float32, before
/// video compression.
/// </summary>
internal sealed class AccuracyBench(BenchOptions options, Meter meter)
{
    private const string Part = "accuracy";

    /// <summary>The shares of the attention weight that self attention may leave out.</summary>
    private static readonly double[] Budgets = [0.01, 0.05, 0.2];

    private static readonly StepCacheOptions[] Caches =
    [
        new TeaCacheOptions(0.1, TeaCacheOptions.Wan480p, 3), new TeaCacheOptions(0.2, TeaCacheOptions.Wan480p, 3),
        new TeaCacheOptions(0.3, TeaCacheOptions.Wan480p, 3),
        new EasyCacheOptions(0.05), new EasyCacheOptions(0.1), new EasyCacheOptions(0.2),
    ];

    public IEnumerable<BenchRow> Run()
    {
        var settings = VideoSettings.Resolve(options.Bundle, options.Request());
        using var video = new TrainedVideo(Part, options, meter, settings);
        var exact = video.Exact;
        using var expected = video.Frames(exact, exact, settings, null, out double seconds);
        yield return new BenchRow(Part, $"float32, {settings.Preset}, {settings.Steps} steps, {expected.shape[1]} frames", seconds);
        if (settings.StepCache is null)
        {
            yield return TrainedVideo.Compared(
                Part, "8-bit self attention, else float32", expected, WithEightBitAttention(video, settings, out seconds), seconds);
        }
        if (settings.StepCache is null && settings.Steps >= SkippedAttentionOptions.FewestSteps)
            foreach (var row in WithSkippedTiles(video, settings)) yield return row;
        foreach (var cache in settings.StepCache is { } asked ? [asked] : Caches)
        {
            var counted = new CountedStepCache(cache);
            var found = video.Frames(exact, exact, settings, counted, out seconds);
            yield return TrainedVideo.Compared(
                Part, $"float32, {cache.Name}, {counted.Skipped()} of {settings.Steps * counted.Made.Count} steps skipped", expected, found,
                seconds);
        }
        if (settings.StepCache is not null) yield break;
        using (var half = video.Load(settings, ScalarType.BFloat16, LinearPrecision.Plain))
        {
            yield return TrainedVideo.Compared(
                Part, "bfloat16 autoencoder alone", expected, video.Frames(exact, half, settings, null, out seconds), seconds);
            yield return TrainedVideo.Compared(Part, "bfloat16", expected, video.Frames(half, half, settings, null, out seconds), seconds);
        }
        foreach (var (name, precision) in new[] { ("float8", LinearPrecision.Float8), ("int8", LinearPrecision.Int8) })
        {
            using var bytes = video.Load(settings, ScalarType.Float32, precision);
            yield return TrainedVideo.Compared(
                Part, $"{name} linears, else float32", expected, video.Frames(bytes, exact, settings, null, out seconds), seconds);
        }
    }

    /// <summary>
    /// Compares self attention that skips tiles of little weight with one that reads all tiles. The clip has few tokens, so its tiles
    /// have a sixteenth of the kernel's tile size in both directions.
    /// </summary>
    private static IEnumerable<BenchRow> WithSkippedTiles(TrainedVideo video, VideoSettings settings)
    {
        long skipped = 0, all = 0;
        VideoSettings With(double budget) => settings with
        {
            SkippedAttention = new(budget)
            {
                QueryTile = VisitedTiles.KernelQueries / 16,
                KeyTile = PlainEightBitAttention.Tile / 16,
                Counted = (some, total) => (skipped, all) = (skipped + some, all + total),
            },
        };
        using var expected = WithEightBitAttention(video, With(0), out double seconds);
        foreach (double budget in Budgets)
        {
            (skipped, all) = (0, 0);
            var found = WithEightBitAttention(video, With(budget), out seconds);
            yield return TrainedVideo.Compared(
                Part,
                FormattableString.Invariant($"8-bit self attention, budget {budget}, {100.0 * skipped / all:0} % of small tiles skipped"),
                expected, found, seconds);
        }
    }

    /// <summary>
    /// Generates the frames with the 8-bit self attention of the GPU kernel, which a CPU computes with its reference path.
    /// </summary>
    private static Tensor WithEightBitAttention(TrainedVideo video, VideoSettings settings, out double seconds)
    {
        using var eightBit = TorchOptions.Override(TorchOptions.Current with { Attention = "8bit" });
        return video.Frames(video.Exact, video.Exact, settings, null, out seconds);
    }
}
