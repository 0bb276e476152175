using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Attention over many keys as two attentions over parts of them. cuDNN is a tenth faster where the number of keys is a multiple of its tile
/// (an H100, 33,600 queries of 40 heads of 128: 37.2 ms over 33,536 keys, 40.5 ms over 33,600), so the few keys beyond are attended to alone.
/// softmax over all keys is both parts weighed by the sums of their exponentials (Milakov and Gimelshein, arXiv:1805.02867).
/// </summary>
public static unsafe class JoinedAttention
{
    /// <summary>Fewer keys do not repay the second part.</summary>
    private const long FewestKeys = 8192;

    private const long Tile = 128;
    private const int MostVectors = 4;

    private static readonly CudaKernel Kernel = new("JoinedAttention.cu", "join_attention");

    /// <summary>Whether two parts are quicker than one.</summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D]</param>
    public static bool IsWorthwhile(Tensor q, Tensor k) => k.shape[2] >= FewestKeys && k.shape[2] % Tile != 0 && CudaKernel.TakesAttention(q) && CudaKernel.Takes(q);

    /// <summary>softmax(q k^T / sqrt(D)) v, on a GPU at bfloat16 or float16. Ask <see cref="IsWorthwhile"/> first.</summary>
    /// <returns>[B, Lq, H * D]</returns>
    public static Activations Apply(Tensor q, Tensor k, Tensor v, LinearPrecision precision)
    {
        using var scope = NewDisposeScope();
        long most = k.shape[2] / Tile * Tile, rest = k.shape[2] - most;
        var (x, xSums) = TorchScripts.CudnnAttentionAndSums(q, k.narrow(2, 0, most), v.narrow(2, 0, most));
        var (y, ySums) = TorchScripts.CudnnAttentionAndSums(q, k.narrow(2, most, rest), v.narrow(2, most, rest));
        return Join(x, xSums, y, ySums, precision).ToOuterScope();
    }

    /// <summary>Two attentions over parts of the keys as one over all of them.</summary>
    /// <param name="x">[B, H, L, D]</param>
    /// <param name="xSums">[B, H, L] or with one axis of 1 more, float32: the logarithm of the sum of the exponentials over the first part.</param>
    /// <param name="y">Of the other part.</param>
    /// <returns>[B, L, H * D]</returns>
    public static Activations Join(Tensor x, Tensor xSums, Tensor y, Tensor ySums, LinearPrecision precision)
    {
        using var scope = NewDisposeScope();
        int head = checked((int)x.shape[3]);
        var (first, second) = (x.transpose(1, 2).flatten(2).contiguous(), y.transpose(1, 2).flatten(2).contiguous()); // [B, L, H * D]
        if (!CudaKernel.Takes(first, second) || first.shape[2] > RowShape.Longest || head % 8 != 0) return Activations.Create(Plain(x, xSums, y, ySums), precision).ToOuterScope();
        var (firstSums, secondSums) = (xSums.contiguous(), ySums.contiguous());
        var made = RowsOut.CreateLike(first, precision);
        nint from = TensorMemory.Address(first), and = TensorMemory.Address(second), sums = TensorMemory.Address(firstSums), others = TensorMemory.Address(secondSums);
        nint to = TensorMemory.Address(made.Values), beside = made.ScalesAddress;
        uint tokens = checked((uint)x.shape[2]);
        var rows = Rows.From(first);
        var shape = RowShape.ForBlock(rows.Width, rows.Wide && Rows.From(second).Wide, MostVectors);
        void** arguments = stackalloc void*[] { &from, &and, &sums, &others, &tokens, &to, &beside };
        Kernel.Launch(x, shape.Constants(precision, ("HEAD", head)), rows.Count, shape.Lanes, arguments);
        return made.Activations.ToOuterScope();
    }

    private static Tensor Plain(Tensor x, Tensor xSums, Tensor y, Tensor ySums)
    {
        using var scope = NewDisposeScope();
        var share = (xSums.view(x.shape[0], x.shape[1], x.shape[2], 1) - ySums.view(x.shape[0], x.shape[1], x.shape[2], 1)).sigmoid();
        return (x * share + y * (1 - share)).to(x.dtype).transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }
}
