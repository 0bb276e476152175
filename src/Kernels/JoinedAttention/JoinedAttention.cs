using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Attention over many keys as two attentions over parts of them. cuDNN is a tenth faster if the number of keys is a multiple of its tile
/// (an H100, 33,600 queries of 40 heads of 128: 37.2 ms over 33,536 keys, 40.5 ms over 33,600), so the last few keys are computed
/// separately. The softmax over all keys is the sum of both parts, weighted by their sums of exponentials (Milakov and Gimelshein,
/// arXiv:1805.02867).
/// </summary>
public static class JoinedAttention
{
    /// <summary>With fewer keys, the second part costs more than it saves.</summary>
    private const long FewestKeys = 8192;

    private const long Tile = 128;
    private const int MostVectors = 4;

    private static readonly CudaKernel Kernel = new("JoinedAttention.cu", "join_attention");

    /// <summary>Returns whether two parts are faster than one.</summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D]</param>
    public static bool IsWorthwhile(Tensor q, Tensor k) =>
        k.shape[2] >= FewestKeys && k.shape[2] % Tile != 0 && CudaKernel.CanRunAttention(q) && CudaKernel.CanRun(q);

    /// <summary>
    /// Computes softmax(q k^T / sqrt(D)) v in two parts, in 16 bits on a GPU. Call it only if <see cref="IsWorthwhile"/> is true.
    /// </summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D]</param>
    /// <param name="v">[B, H, Lk, D]</param>
    /// <param name="precision">Precision of the result.</param>
    /// <returns>[B, Lq, H * D]</returns>
    public static Activations Apply(Tensor q, Tensor k, Tensor v, LinearPrecision precision) => Scoped(() =>
    {
        long most = k.shape[2] / Tile * Tile, rest = k.shape[2] - most;
        var (x, xSums) = TorchScripts.CudnnAttentionAndSums(q, k.narrow(2, 0, most), v.narrow(2, 0, most));
        var (y, ySums) = TorchScripts.CudnnAttentionAndSums(q, k.narrow(2, most, rest), v.narrow(2, most, rest));
        return Join(x, xSums, y, ySums, precision);
    });

    /// <summary>Joins two attentions over parts of the keys to one over all keys.</summary>
    /// <param name="x">[B, H, L, D], attention over the first part.</param>
    /// <param name="xSums">[B, H, L] or [B, H, L, 1], float32: logarithm of the sum of exponentials over the first part.</param>
    /// <param name="y">[B, H, L, D], attention over the second part.</param>
    /// <param name="ySums">[B, H, L] or [B, H, L, 1], float32: logarithm of the sum of exponentials over the second part.</param>
    /// <param name="precision">Precision of the result.</param>
    /// <returns>[B, L, H * D]</returns>
    public static Activations Join(Tensor x, Tensor xSums, Tensor y, Tensor ySums, LinearPrecision precision) => Scoped(() =>
        new Operation(Rows(x), xSums.contiguous(), Rows(y), ySums.contiguous(), checked((int)x.shape[3]), precision).Run());

    /// <summary>[B, H, L, D] to [B, L, H * D].</summary>
    private static Tensor Rows(Tensor x) => x.transpose(1, 2).flatten(2).contiguous();

    private sealed unsafe record Operation(Tensor X, Tensor XSums, Tensor Y, Tensor YSums, int Head, LinearPrecision Precision)
        : IFusedOperation<Activations>
    {
        public bool CanLaunch => CudaKernel.CanRun(X, Y) && X.shape[2] <= RowShape.Longest && Head % 8 == 0;

        public Activations Launch()
        {
            var joined = RowsOut.CreateLike(X, Precision);
            nint x = TensorMemory.Address(X), y = TensorMemory.Address(Y);
            nint xSums = TensorMemory.Address(XSums), ySums = TensorMemory.Address(YSums);
            nint result = TensorMemory.Address(joined.Values), scales = joined.ScalesAddress;
            uint tokens = checked((uint)X.shape[1]);
            var rows = Compilation.Rows.From(X);
            var shape = RowShape.ForBlock(rows.Width, rows.Wide && Compilation.Rows.From(Y).Wide, MostVectors);
            void** arguments = stackalloc void*[] { &x, &y, &xSums, &ySums, &tokens, &result, &scales };
            Kernel.Launch(X, shape.Constants(Precision, ("HEAD", Head)), rows.Count, shape.Lanes, arguments);
            return joined.Activations;
        }

        public Activations Plain()
        {
            long batch = X.shape[0], tokens = X.shape[1], heads = X.shape[2] / Head;
            var share = (XSums.view(batch, heads, tokens, 1) - YSums.view(batch, heads, tokens, 1)).sigmoid();
            var joined = Heads(X) * share + Heads(Y) * (1 - share);
            return QuantiseRows.Apply(joined.to(X.dtype).transpose(1, 2).flatten(2), Precision);

            Tensor Heads(Tensor x) => x.unflatten(2, [heads, Head]).transpose(1, 2);
        }
    }
}
