using Locutor.Kernels.Compilation;
using Locutor.Kernels.Devices;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Attention of many queries on few keys, with the matrix products before and after it folded into keys and values, head by head:
/// (x Wq^T) k^T = x (k Wq)^T and (p v) Wo^T = p (v Wo^T). A query then meets H * T folded keys of its own width instead of two square
/// matrices: with 40 heads and 32 keys a quarter of 5120. The same idea as the absorbed projections of DeepSeek-V2, arXiv:2405.04434.
/// </summary>
public static unsafe class FoldedAttention
{
    private const int Threads = 128;

    /// <summary>Keys that a thread of the kernel holds at most.</summary>
    private const long MostKeys = 64;

    private static readonly CudaKernel Kernel = new("FoldedAttention.cu", "head_softmax");

    /// <summary>Whether folding takes less than half the products.</summary>
    /// <param name="queries">For every set of keys.</param>
    /// <param name="keys">Of a set.</param>
    /// <param name="width">Of a token, before and after.</param>
    public static bool IsWorthwhile(long queries, long keys, long heads, long width) => 2 * keys * (heads * queries + width) < queries * (width + keys);

    /// <summary>softmax((x Wq^T + bq) k^T / sqrt(D)) v Wo^T + bo; weights and sums between the products in float32, or on a GPU weights in the type of x.</summary>
    /// <param name="x">[N, S, C]</param>
    /// <param name="keys">[N, H, T, D]</param>
    /// <param name="values">[N, H, T, D]</param>
    /// <param name="query">[H * D, C]</param>
    /// <param name="output">[C, H * D]</param>
    /// <returns>[N, S, C], of the type of x.</returns>
    public static Tensor Apply(Tensor x, Tensor keys, Tensor values, Affine query, Affine output)
    {
        using var scope = NewDisposeScope();
        long sets = keys.shape[0], heads = keys.shape[1], count = keys.shape[2], head = keys.shape[3], width = x.shape[2];
        var k = ByHead(keys);
        var added = k.to(ScalarType.Float32).bmm(query.Bias.to(ScalarType.Float32).view(heads, head, 1)).view(heads, sets * count).t().contiguous(); // [N * T, H]
        var foldedKeys = Folded(k, query.Weight.view(heads, head, width)).view(sets, count * heads, width);
        var foldedValues = Folded(ByHead(values), output.Weight.view(width, heads, head).permute(1, 2, 0)).view(sets, count * heads, width);
        var weights = SoftmaxOfHeads(x, foldedKeys, added.view(sets, 1, count, heads), 1 / Math.Sqrt(head));
        return (CudaKernel.Takes(x) ? TorchScripts.BiasedProducts(weights, foldedValues, output.Bias) : weights.bmm(foldedValues) + output.Bias).MoveToOuterDisposeScope();
    }

    /// <summary>[N, H, T, D] to [H, N * T, D].</summary>
    private static Tensor ByHead(Tensor x) => x.transpose(0, 1).flatten(1, 2);

    /// <returns>[N * T, H, C]</returns>
    private static Tensor Folded(Tensor byHead, Tensor matrices)
    {
        if (!CudaKernel.Takes(byHead)) return byHead.bmm(matrices).transpose(0, 1).contiguous();
        var folded = empty([byHead.shape[1], byHead.shape[0], matrices.shape[2]], byHead.dtype, byHead.device);
        using var place = folded.transpose(0, 1);
        TorchScripts.ProductInto(byHead, matrices, place);
        return folded;
    }

    /// <returns>[N, S, T * H]</returns>
    private static Tensor SoftmaxOfHeads(Tensor x, Tensor foldedKeys, Tensor added, double scale)
    {
        using var scope = NewDisposeScope();
        long keys = added.shape[2], heads = added.shape[3];
        var columns = foldedKeys.transpose(1, 2);
        if (!CudaKernel.Takes(x) || keys > MostKeys || !GpuPaths.For(x.device).Float32Outputs)
        {
            var scores = x.bmm(columns).to(ScalarType.Float32).view(x.shape[0], x.shape[1], keys, heads);
            return ((scores + added) * scale).softmax(2).flatten(2).to(x.dtype).MoveToOuterDisposeScope();
        }
        var products = TorchScripts.Float32Products(x, columns);
        var weights = empty(products.shape, x.dtype, x.device);
        nint from = TensorMemory.Address(products), more = TensorMemory.Address(added), to = TensorMemory.Address(weights);
        ulong threads = (ulong)(x.shape[0] * x.shape[1] * heads);
        uint queries = checked((uint)x.shape[1]);
        float times = (float)scale;
        void** arguments = stackalloc void*[] { &from, &more, &threads, &queries, &times, &to };
        string constants = FormattableString.Invariant($"#define KEYS {keys}\n#define HEADS {heads}\n");
        Kernel.Launch(x, constants, (long)((threads + Threads - 1) / Threads), Threads, arguments);
        return weights.MoveToOuterDisposeScope();
    }
}

/// <summary>x Weight^T + Bias.</summary>
/// <param name="Weight">[outputs, inputs]</param>
/// <param name="Bias">[outputs]</param>
public sealed record Affine(Tensor Weight, Tensor Bias);
