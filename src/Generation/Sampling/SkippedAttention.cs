using Locutor.Kernels;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>Options of sparse self attention (<see cref="VisitedTiles"/>), which skips tiles with small weights.</summary>
/// <param name="Budget">Share of each query's total weight that may be skipped, above 0.</param>
public sealed record SkippedAttentionOptions(double Budget)
{
    /// <summary>Smallest number of steps for which tiles are skipped; with fewer, the lists would be reused too rarely.</summary>
    public const int FewestSteps = 8;

    /// <summary>Interval in steps after which all tiles are read and the lists are rebuilt.</summary>
    public const int RenewEvery = 5;

    /// <summary>Number of queries that share a list. Values other than the kernel's emulate it on small videos.</summary>
    public int QueryTile { get; init; } = VisitedTiles.KernelQueries;

    /// <summary>Number of keys in a tile. Values other than the kernel's emulate it on small videos.</summary>
    public int KeyTile { get; init; } = PlainEightBitAttention.Tile;

    /// <summary>
    /// Called at the end of a clip with the number of skipped tiles and the total number of tiles, in the passes that use lists.
    /// </summary>
    public Action<long, long>? Counted { get; init; }

    /// <summary>Returns the reason why a video reads all tiles although skipping was requested; null if it skips tiles.</summary>
    /// <param name="steps">Number of denoising steps per clip.</param>
    /// <param name="voices">Number of voices, 1 or 2.</param>
    /// <param name="transformer">The video transformer.</param>
    /// <param name="device">The device that runs it.</param>
    /// <param name="tokens">Number of transformer tokens in a clip.</param>
    public static string? Refusal(int steps, int voices, VideoTransformer transformer, Device device, long tokens) =>
        steps < FewestSteps ? $"it needs {FewestSteps} steps or more, and this video has {steps}"
        : voices > 1 ? "it needs a video with one voice"
        : !EightBitAttention.Serves(
            device, transformer.Config.HeadWidth, transformer.Linears,
            tokens) ? "it needs self attention with 8-bit products, which this model, size or device does not have"
        : tokens
        > EightBitAttention.MostListedKeys ? $"it needs at most {EightBitAttention.MostListedKeys} tokens, and this video has {tokens}"
        : null;
}

/// <summary>
/// The lists of one clip; each pass has its own list for every block, on each device for the heads that the device computes.
/// </summary>
internal sealed class SkippedAttention : IDisposable
{
    private readonly Dictionary<Pass, (IReadOnlyList<IReadOnlyList<VisitedTiles>> Devices, int Made)> lists = [];
    private readonly SkippedAttentionOptions options;
    private readonly int blocks, devices;
    private long skipped, all;
    private int step;

    private SkippedAttention(SkippedAttentionOptions options, int blocks, int devices) =>
        (this.options, this.blocks, this.devices) = (options, blocks, devices);

    /// <summary>Creates the lists; null if the clip reads all tiles.</summary>
    public static SkippedAttention? Create(SkippedAttentionOptions? options, int steps, int blocks, int devices = 1) =>
        options is null || steps < SkippedAttentionOptions.FewestSteps ? null : new(options, blocks, devices);

    /// <summary>Starts a step.</summary>
    /// <param name="step">Index of the step in the clip, from 0.</param>
    public void Begin(int step) => this.step = step;

    /// <summary>
    /// Returns the lists of a pass, one for each device and block. They are empty in the first step and whenever they are rebuilt.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<VisitedTiles>> For(Pass pass)
    {
        if (!lists.TryGetValue(pass, out var known)) known = ([.. Enumerable.Range(0, devices).Select(_ => Empty())], step);
        if (step - known.Made >= SkippedAttentionOptions.RenewEvery)
        {
            foreach (var one in known.Devices.SelectMany(made => made)) one.Forget();
            known.Made = step;
        }

        lists[pass] = known;
        if (options.Counted is not null) Count(known.Devices.SelectMany(made => made));
        return known.Devices;
    }

    public void Dispose()
    {
        options.Counted?.Invoke(skipped, all);
        foreach (var one in lists.Values.SelectMany(pass => pass.Devices).SelectMany(made => made)) one.Dispose();
    }

    private VisitedTiles[] Empty() =>
        [.. Enumerable.Range(0, blocks).Select(_ => new VisitedTiles(options.Budget, options.QueryTile, options.KeyTile))];

    /// <summary>Counts the tiles that the pass will skip; a pass that builds its lists skips none.</summary>
    private void Count(IEnumerable<VisitedTiles> given)
    {
        foreach (var one in given)
        {
            var (left, total) = one.Count();
            skipped += left;
            all += total;
        }
    }
}
