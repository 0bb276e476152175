using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Defines the arithmetic of <see cref="EightBitAttention"/> with libtorch, on any device and for any head width that is a power of two.
/// 1. The mean of the keys is subtracted, which does not change the softmax. 2. Queries and keys are multiplied by a Hadamard matrix, which
/// spreads a large channel over all channels and does not change their products. 3. Queries become int8 with one scale for each token, keys
/// with one scale for 8 tokens, values with one scale for each channel of 256 keys. 4. Weights become unsigned 8 bits: in each row, the
/// largest weight of 256 keys is 255.
/// 5. Sums are exact integers within 256 keys and float32 beyond. SageAttention2 (Zhang et al., arXiv:2411.10958) quantises scores in the
/// same way, but weights and values to float8.
/// </summary>
public static class PlainEightBitAttention
{
    /// <summary>Number of keys that share the largest weight and the scales of values.</summary>
    public const int Tile = 256;

    /// <summary>Number of keys that share a scale.</summary>
    public const int Group = 8;

    private const double WeightLimit = 255, Lowest = -1e30;
    private const long Samples = 2048;

    /// <summary>Computes the attention.</summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D], at least one key.</param>
    /// <param name="v">[B, H, Lk, D]</param>
    /// <param name="tiles">
    /// The tiles to read; null for all. Here, a skipped tile is computed with weight 0, so that NaN in it still reaches the outputs.
    /// </param>
    /// <returns>[B, Lq, H * D], of the type of q.</returns>
    public static Tensor Apply(Tensor q, Tensor k, Tensor v, VisitedTiles? tiles = null)
    {
        using var scope = NewDisposeScope();
        long keys = k.shape[2], head = q.shape[3], heads = q.shape[0] * q.shape[1], width = tiles?.KeyTile ?? Tile;
        var listed = tiles?.Words(heads, q.shape[2], keys) is null ? null : Rows(tiles.Mask(), tiles.QueryTile, q);
        var recorded = tiles is not null && listed is null ? new List<Tensor>() : null;
        var hadamard = Hadamard(head, q.device);
        var (queries, queryScales) = Quantise(q.to(ScalarType.Float32).matmul(hadamard), [-1]); // [B, H, Lq, D], [B, H, Lq, 1]
        queryScales = queryScales * (Math.Log2(Math.E) / Math.Sqrt(head) / head);
        var wide = k.to(ScalarType.Float32);
        var rotated = (wide - Sampled(wide).mean([2], keepdim: true)).matmul(hadamard);
        var values = v.to(ScalarType.Float32);
        var total = zeros([q.shape[0], q.shape[1], q.shape[2], 1], ScalarType.Float32, q.device);
        var reference = full_like(total, Lowest);
        var sums = zeros(q.shape, ScalarType.Float32, q.device);
        for (long first = 0; first < keys; first += width)
        {
            using var tile = NewDisposeScope();
            long count = Math.Min(width, keys - first);
            var scores = Scores(queries, queryScales, rotated.narrow(2, first, count)); // binary logarithms, [B, H, Lq, count]
            var largest = scores.amax([-1], keepdim: true);
            var weights = (scores - largest).exp2().mul_(WeightLimit).round_();
            if (listed is not null) largest = largest.masked_fill(listed.narrow(-1, first / width, 1).logical_not(), Lowest);
            var (bytes, scales) = Quantise(values.narrow(2, first, count), [2]);
            var higher = largest.maximum(reference);
            var (before, now) = ((reference - higher).exp2(), (largest - higher).exp2());
            var sum = weights.sum([-1], keepdim: true);
            recorded?.Add((largest + sum.log2()).MoveToOuterDisposeScope());
            total.mul_(before).add_(sum * now);
            sums.mul_(before).add_(weights.matmul(bytes) * scales * now);
            reference.copy_(higher);
        }
        if (recorded is not null)
            tiles!.Choose(Largest((cat(recorded, -1) - reference - total.log2()).exp2().flatten(0, 1), tiles.QueryTile), q.shape[2], keys);
        return (sums / total).to(q.dtype).transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }

    /// <summary>Expands a mask [B * H, tiles of queries, tiles of keys] to [B, H, Lq, tiles of keys].</summary>
    private static Tensor Rows(Tensor mask, int queryTile, Tensor q) =>
        mask.repeat_interleave(queryTile, 1).narrow(1, 0, q.shape[2]).unflatten(0, [q.shape[0], q.shape[1]]);

    /// <summary>Reduces shares of single queries, [B * H, Lq, tiles of keys], to the largest of each tile of queries.</summary>
    private static Tensor Largest(Tensor shares, int queryTile)
    {
        long more = HeadQuantiser.Parts(shares.shape[1], queryTile) * queryTile - shares.shape[1];
        return nn.functional.pad(shares, [0, 0, 0, more]).unflatten(1, [-1, queryTile]).amax([2]);
    }

    /// <summary>
    /// Returns the step between the keys whose mean is subtracted. A sample is enough: subtracting any vector from all keys changes no
    /// weight.
    /// </summary>
    internal static long Step(long keys) => Math.Max(1, keys / Samples);

    private static Tensor Sampled(Tensor k) => k[TensorIndex.Ellipsis, TensorIndex.Slice(null, null, Step(k.shape[2])), TensorIndex.Colon];

    private static Tensor Scores(Tensor queries, Tensor queryScales, Tensor keys)
    {
        long count = keys.shape[2], more = (Group - count % Group) % Group;
        // a group that is not full repeats the last key
        var padded = more == 0 ? keys : cat([keys, keys.narrow(2, count - 1, 1).expand(-1, -1, more, -1)], 2);
        var (bytes, scales) = Quantise(padded.unflatten(2, [padded.shape[2] / Group, Group]), [3, 4]);
        var flat = bytes.flatten(2, 3).narrow(2, 0, count);
        var each = scales.expand(-1, -1, -1, Group, -1).flatten(2, 3).narrow(2, 0, count); // [B, H, count, 1]
        return queries.matmul(flat.transpose(2, 3)) * each.transpose(2, 3) * queryScales;
    }

    /// <summary>Returns integers from -127 to 127, as float32, and the scale over some axes.</summary>
    private static (Tensor Bytes, Tensor Scales) Quantise(Tensor x, long[] axes)
    {
        var (scaled, scales) = RowQuantiser.Scale(x, RowQuantiser.Limit(LinearPrecision.Int8), axes);
        return (scaled.round_(), scales);
    }

    /// <summary>Returns a Hadamard matrix: its entries are 1 and -1, and its square is the width times the identity.</summary>
    private static Tensor Hadamard(long width, Device device)
    {
        var matrix = ones([1, 1], ScalarType.Float32, device);
        while (matrix.shape[0] < width) matrix = cat([cat([matrix, matrix], 1), cat([matrix, -matrix], 1)], 0);
        return matrix;
    }
}
