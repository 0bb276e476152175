using Locutor.Kernels;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>How much of its weight self attention may leave out (<see cref="VisitedTiles"/>).</summary>
/// <param name="Budget">Share of the weight of each query, above 0.</param>
public sealed record SkippedAttentionOptions(double Budget)
{
    /// <summary>With fewer steps lists would serve too seldom.</summary>
    public const int FewestSteps = 8;

    /// <summary>Every so many steps all tiles are read and the lists are made anew.</summary>
    public const int RenewEvery = 5;

    /// <summary>Queries that share a list; other numbers than the kernel's serve to emulate it on small videos.</summary>
    public int QueryTile { get; init; } = VisitedTiles.KernelQueries;

    /// <summary>Keys of a tile; likewise.</summary>
    public int KeyTile { get; init; } = PlainEightBitAttention.Tile;

    /// <summary>Called when a clip is done: how many tiles its passes with lists left out, and how many tiles these passes have.</summary>
    public Action<long, long>? Counted { get; init; }

    /// <summary>Why a video reads all tiles although it was asked to skip some; null where it skips.</summary>
    /// <param name="voices">1 or 2.</param>
    public static string? Refusal(int steps, int voices, VideoTransformer transformer, Device device, long tokens) =>
        steps < FewestSteps ? $"it needs {FewestSteps} steps or more, and this video has {steps}"
        : voices > 1 ? "it needs a video with one voice"
        : !EightBitAttention.Serves(device, transformer.Config.HeadWidth, transformer.Linears, tokens) ? "it needs self attention with 8-bit products, which this model, size or device does not have"
        : tokens > EightBitAttention.MostListedKeys ? $"it needs at most {EightBitAttention.MostListedKeys} tokens, and this video has {tokens}"
        : null;
}

/// <summary>The lists of one clip: each pass has its own for every block.</summary>
internal sealed class SkippedAttention : IDisposable
{
    private readonly Dictionary<Pass, (IReadOnlyList<VisitedTiles> Blocks, int Made)> lists = [];
    private readonly SkippedAttentionOptions options;
    private readonly int blocks;
    private long skipped, all;
    private int step;

    private SkippedAttention(SkippedAttentionOptions options, int blocks) => (this.options, this.blocks) = (options, blocks);

    /// <summary>Null where the clip reads all tiles.</summary>
    public static SkippedAttention? Create(SkippedAttentionOptions? options, int steps, int blocks) =>
        options is null || steps < SkippedAttentionOptions.FewestSteps ? null : new(options, blocks);

    /// <param name="step">0 for the first of the clip.</param>
    public void Begin(int step) => this.step = step;

    /// <summary>The lists for a pass of the step, one for each block; empty ones at first and every so many steps.</summary>
    public IReadOnlyList<VisitedTiles> For(Pass pass)
    {
        if (!lists.TryGetValue(pass, out var known)) known = ([.. Enumerable.Range(0, blocks).Select(_ => new VisitedTiles(options.Budget, options.QueryTile, options.KeyTile))], step);
        if (step - known.Made >= SkippedAttentionOptions.RenewEvery)
        {
            foreach (var one in known.Blocks) one.Forget();
            known.Made = step;
        }

        lists[pass] = known;
        if (options.Counted is not null) Count(known.Blocks);
        return known.Blocks;
    }

    public void Dispose()
    {
        options.Counted?.Invoke(skipped, all);
        foreach (var one in lists.Values.SelectMany(pass => pass.Blocks)) one.Dispose();
    }

    /// <summary>Adds what the pass will skip; a pass that makes its lists skips nothing.</summary>
    private void Count(IReadOnlyList<VisitedTiles> given)
    {
        foreach (var one in given)
        {
            var (left, total) = one.Count();
            skipped += left;
            all += total;
        }
    }
}
