using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Lists the tiles of keys that each tile of queries reads, for one attention over several steps. Without a list, the attention reads all
/// tiles and creates the list; later steps read the tiles of the list, until <see cref="Forget"/>. For each tile of keys, the largest share
/// in the weights of any query is known. The smallest tiles are skipped while their shares add up to at most the budget: no query loses
/// more of its weight than the budget when the list is created, and the tile with the largest share is always read. LiteAttention
/// (arXiv:2511.11062) also keeps lists over several steps, with another rule.
/// </summary>
/// <param name="budget">Share of a query's weight that may be skipped, 0 to 1.</param>
/// <param name="queryTile">Number of queries that share a list. Other numbers than the kernel's emulate it on small inputs.</param>
/// <param name="keyTile">Number of keys of a tile. Other numbers than the kernel's emulate it on small inputs.</param>
public sealed class VisitedTiles(double budget, int queryTile = VisitedTiles.KernelQueries, int keyTile = PlainEightBitAttention.Tile)
    : IDisposable
{
    /// <summary>Number of queries that share a list in the kernel.</summary>
    public const int KernelQueries = HeadQuantiser.QueryTile;

    private const int WordBits = 32;

    private Tensor? words; // [B * H, tiles of queries, words], int32: bit i of word j is tile 32 j + i
    private (long Heads, long Queries, long Keys) held;

    public int QueryTile => queryTile;

    public int KeyTile => keyTile;

    /// <summary>Whether the kernel has tiles of this size.</summary>
    internal bool HasKernelSize => queryTile == KernelQueries && keyTile == PlainEightBitAttention.Tile;

    /// <summary>Returns the number of tiles of an attention over that many keys.</summary>
    internal long KeyTiles(long keys) => HeadQuantiser.Parts(keys, keyTile);

    internal long QueryTiles(long queries) => HeadQuantiser.Parts(queries, queryTile);

    /// <summary>Discards the list: the next attention reads all tiles and creates a new one.</summary>
    public void Forget()
    {
        words?.Dispose();
        words = null;
    }

    public void Dispose() => Forget();

    /// <summary>Returns the number of tiles that the list skips and the number of all tiles; both are 0 without a list.</summary>
    public (long Skipped, long All) Count()
    {
        if (words is null) return (0, 0);
        using var scope = NewDisposeScope();
        long all = held.Heads * QueryTiles(held.Queries) * KeyTiles(held.Keys);
        return (all - Mask().sum().item<long>(), all);
    }

    /// <summary>Returns the list for the kernel; null if there is none for these sizes.</summary>
    /// <param name="heads">B * H</param>
    internal Tensor? Words(long heads, long queries, long keys) => held == (heads, queries, keys) ? words : null;

    /// <summary>Returns the list as booleans: [B * H, tiles of queries, tiles of keys]. There must be a list.</summary>
    internal Tensor Mask()
    {
        using var scope = NewDisposeScope();
        var bits = words!.unsqueeze(-1).bitwise_right_shift(arange(WordBits, ScalarType.Int32, words.device)).bitwise_and(1);
        return bits.flatten(2).narrow(2, 0, KeyTiles(held.Keys)).to(ScalarType.Bool).MoveToOuterDisposeScope();
    }

    /// <summary>Creates the list.</summary>
    /// <param name="shares">[B * H, tiles of queries, tiles of keys], float32.</param>
    internal void Choose(Tensor shares, long queries, long keys)
    {
        using var scope = NewDisposeScope();
        Forget();
        held = (shares.shape[0], queries, keys);
        words = Packed(Kept(shares, budget)).DetachFromDisposeScope();
    }

    /// <summary>
    /// Returns the tiles to keep: all except the smallest whose shares add up to at most the budget. NaN and the largest share are kept.
    /// </summary>
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
        // bit 31 is the sign
        return bits.bitwise_left_shift(arange(WordBits, ScalarType.Int32, mask.device)).sum(-1, type: ScalarType.Int32);
    }
}
