using Locutor.Kernels.Compilation;
using Locutor.Kernels.Devices;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Attention of many queries on few keys, with the projections before and after it folded into keys and values, head by head:
/// (x Wq^T) k^T = x (k Wq)^T and (p v) Wo^T = p (v Wo^T). A query of width C is multiplied by H * T folded keys and values instead of two C
/// x C matrices. With 40 heads and 32 keys, H * T = 1280 is a quarter of C = 5120. DeepSeek-V2 absorbs projections in this way
/// (arXiv:2405.04434).
/// </summary>
public static class FoldedAttention
{
    private const int Threads = 128;

    /// <summary>Largest number of keys that a thread of the kernel holds.</summary>
    private const long MostKeys = 64;

    private static readonly CudaKernel Kernel = new("FoldedAttention.cu", "head_softmax");

    /// <summary>Returns whether folding needs fewer than half of the multiplications.</summary>
    /// <param name="queries">Queries for each set of keys.</param>
    /// <param name="keys">Keys of a set.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="width">Channels of a token.</param>
    public static bool IsWorthwhile(long queries, long keys, long heads, long width) =>
        2 * keys * (heads * queries + width) < queries * (width + keys);

    /// <summary>
    /// Computes softmax((x Wq^T + bq) k^T / sqrt(D)) v Wo^T + bo. Weights and sums between the products are float32; on a GPU the weights
    /// have the type of x.
    /// </summary>
    /// <param name="x">[N, S, C]</param>
    /// <param name="k">[N, H, T, D]</param>
    /// <param name="v">[N, H, T, D]</param>
    /// <param name="query">Query projection, [H * D, C].</param>
    /// <param name="output">Output projection, [C, H * D].</param>
    /// <returns>[N, S, C], of the type of x.</returns>
    public static Tensor Apply(Tensor x, Tensor k, Tensor v, Affine query, Affine output) => Scoped(() =>
    {
        long sets = k.shape[0], heads = k.shape[1], keys = k.shape[2], head = k.shape[3], width = x.shape[2];
        var keysByHead = ByHead(k);
        var queryBias = query.Bias.to(ScalarType.Float32).view(heads, head, 1);
        var bias = keysByHead.to(ScalarType.Float32).bmm(queryBias).view(heads, sets * keys).t().contiguous(); // [N * T, H]
        var foldedKeys = Fold(keysByHead, query.Weight.view(heads, head, width)).view(sets, keys * heads, width);
        var foldedValues = Fold(ByHead(v), output.Weight.view(width, heads, head).permute(1, 2, 0)).view(sets, keys * heads, width);
        var weights = new HeadSoftmax(x, foldedKeys.transpose(1, 2), bias.view(sets, 1, keys, heads), 1 / Math.Sqrt(head)).Run();
        return CudaKernel.CanRun(x)
            ? TorchScripts.BiasedProducts(weights, foldedValues, output.Bias)
            : weights.bmm(foldedValues) + output.Bias;
    });

    /// <summary>[N, H, T, D] to [H, N * T, D].</summary>
    private static Tensor ByHead(Tensor x) => x.transpose(0, 1).flatten(1, 2);

    /// <returns>[N * T, H, C]</returns>
    private static Tensor Fold(Tensor byHead, Tensor matrices)
    {
        if (!CudaKernel.CanRun(byHead)) return byHead.bmm(matrices).transpose(0, 1).contiguous();
        var folded = empty([byHead.shape[1], byHead.shape[0], matrices.shape[2]], byHead.dtype, byHead.device);
        using var target = folded.transpose(0, 1);
        TorchScripts.ProductInto(byHead, matrices, target);
        return folded;
    }

    /// <summary>Softmax over the keys of each head, (x k^T + bias) * scale: [N, S, T * H].</summary>
    private sealed unsafe record HeadSoftmax(Tensor X, Tensor Keys, Tensor Bias, double Scale) : IFusedOperation<Tensor>
    {
        private long KeyCount => Bias.shape[2];

        private long HeadCount => Bias.shape[3];

        public bool CanLaunch => CudaKernel.CanRun(X) && KeyCount <= MostKeys && GpuPaths.For(X.device).Float32Outputs;

        public Tensor Launch()
        {
            var scores = TorchScripts.Float32Products(X, Keys);
            var weights = empty(scores.shape, X.dtype, X.device);
            nint products = TensorMemory.Address(scores), bias = TensorMemory.Address(Bias), result = TensorMemory.Address(weights);
            ulong threads = (ulong)(X.shape[0] * X.shape[1] * HeadCount);
            uint queries = checked((uint)X.shape[1]);
            float scale = (float)Scale;
            void** arguments = stackalloc void*[] { &products, &bias, &threads, &queries, &scale, &result };
            string constants = FormattableString.Invariant($"#define KEYS {KeyCount}\n#define HEADS {HeadCount}\n");
            Kernel.Launch(X, constants, (long)((threads + Threads - 1) / Threads), Threads, arguments);
            return weights;
        }

        public Tensor Plain()
        {
            var scores = X.bmm(Keys).to(ScalarType.Float32).view(X.shape[0], X.shape[1], KeyCount, HeadCount);
            return ((scores + Bias) * Scale).softmax(2).flatten(2).to(X.dtype);
        }
    }
}

/// <summary>An affine map, x Weight^T + Bias.</summary>
/// <param name="Weight">[outputs, inputs]</param>
/// <param name="Bias">[outputs]</param>
public sealed record Affine(Tensor Weight, Tensor Bias);
