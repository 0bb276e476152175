using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Which tiles of keys each tile of queries reads, for one attention, from step to step. Without a list the attention reads all tiles and makes the
/// list; later ones read the tiles of the list, until <see cref="Forget"/>. For each tile of keys the list's maker knows its largest share in the weight
/// of any query of the tile. It leaves out the smallest tiles while their shares add up to at most the budget. So no query lost more than the budget of
/// its weight when the list was made, and the tile of the largest share always stays. The idea of lists that are carried from step to step is that of
/// LiteAttention (arXiv:2511.11062); the rule is another.
/// </summary>
/// <param name="budget">Share of a query's weight that may be left out, 0 to 1.</param>
/// <param name="queryTile">Queries that share a list. The kernel has the usual number; others serve to emulate it on small inputs.</param>
/// <param name="keyTile">Keys of a tile; likewise.</param>
public sealed class VisitedTiles(double budget, int queryTile = VisitedTiles.KernelQueries, int keyTile = PlainEightBitAttention.Tile) : IDisposable
{
    /// <summary>Queries that share a list in the kernel.</summary>
    public const int KernelQueries = HeadQuantiser.QueryTile;

    private const int WordBits = 32;

    private Tensor? words; // [B * H, tiles of queries, words], int32: bit i of word j is tile 32 j + i
    private (long Heads, long Queries, long Keys) held;

    public int QueryTile => queryTile;

    public int KeyTile => keyTile;

    /// <summary>Whether the kernel has tiles of that size.</summary>
    internal bool OfKernel => queryTile == KernelQueries && keyTile == PlainEightBitAttention.Tile;

    /// <summary>Of an attention over that many keys.</summary>
    internal long KeyTiles(long keys) => HeadQuantiser.Parts(keys, keyTile);

    internal long QueryTiles(long queries) => HeadQuantiser.Parts(queries, queryTile);

    /// <summary>The next attention reads all tiles and makes a new list.</summary>
    public void Forget()
    {
        words?.Dispose();
        words = null;
    }

    public void Dispose() => Forget();

    /// <summary>Tiles that the list leaves out, and all tiles; nothing where there is no list.</summary>
    public (long Skipped, long All) Count()
    {
        if (words is null) return (0, 0);
        using var scope = NewDisposeScope();
        long all = held.Heads * QueryTiles(held.Queries) * KeyTiles(held.Keys);
        return (all - Mask().sum().item<long>(), all);
    }

    /// <summary>The list as the kernel reads it; null where there is none for these sizes.</summary>
    /// <param name="heads">B * H</param>
    internal Tensor? Words(long heads, long queries, long keys) => held == (heads, queries, keys) ? words : null;

    /// <summary>The list as booleans: [B * H, tiles of queries, tiles of keys]. There must be one.</summary>
    internal Tensor Mask()
    {
        using var scope = NewDisposeScope();
        var bits = words!.unsqueeze(-1).bitwise_right_shift(arange(WordBits, ScalarType.Int32, words.device)).bitwise_and(1);
        return bits.flatten(2).narrow(2, 0, KeyTiles(held.Keys)).to(ScalarType.Bool).MoveToOuterDisposeScope();
    }

    /// <summary>Makes the list.</summary>
    /// <param name="shares">[B * H, tiles of queries, tiles of keys], float32.</param>
    internal void Choose(Tensor shares, long queries, long keys)
    {
        using var scope = NewDisposeScope();
        Forget();
        held = (shares.shape[0], queries, keys);
        words = Packed(Kept(shares, budget)).DetachFromDisposeScope();
    }

    /// <summary>Which tiles stay: all but the smallest whose shares add up to at most the budget. A share of NaN stays, and so does the largest.</summary>
    internal static Tensor Kept(Tensor shares, double budget)
    {
        using var scope = NewDisposeScope();
        var (ascending, order) = shares.sort(-1); // NaN comes last
        var kept = ascending.cumsum(-1).le(budget).logical_not();
        kept.narrow(-1, kept.shape[^1] - 1, 1).fill_(true);
        return zeros_like(kept).scatter_(-1, order, kept).MoveToOuterDisposeScope();
    }

    private static Tensor Packed(Tensor mask)
    {
        long more = HeadQuantiser.Parts(mask.shape[2], WordBits) * WordBits - mask.shape[2];
        var bits = nn.functional.pad(mask.to(ScalarType.Int32), [0, more]).unflatten(2, [-1, WordBits]);
        return bits.bitwise_left_shift(arange(WordBits, ScalarType.Int32, mask.device)).sum(-1, type: ScalarType.Int32); // bit 31 is the sign
    }
}
