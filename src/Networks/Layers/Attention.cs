using Locutor.Kernels;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>softmax(q k^T / sqrt(D)) v, and the shapes around it. On a GPU at half precision by cuDNN, elsewhere by what libtorch chooses.</summary>
public static class Attention
{
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D]</param>
    /// <param name="v">[B, H, Lk, D]</param>
    /// <returns>[B, Lq, H * D]</returns>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v)
    {
        using var scope = NewDisposeScope();
        var y = CudaKernel.TakesAttention(q) ? TorchScripts.CudnnAttention(q, k, v) : nn.functional.scaled_dot_product_attention(q, k, v);
        return y.transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }

    /// <summary>Self attention, quantised for the next matrix product. Its own products may have 8 bits, see <see cref="AttentionPrecision"/>.</summary>
    public static Activations Forward(Tensor q, Tensor k, Tensor v, LinearPrecision precision)
    {
        if (EightBitAttention.Pays(q, k, precision))
        {
            using var inner = NewDisposeScope();
            return Activations.Of(EightBitAttention.Apply(q, k, v), precision).MoveToOuterDisposeScope();
        }
        if (JoinedAttention.Pays(q, k)) return JoinedAttention.Apply(q, k, v, precision);
        using var scope = NewDisposeScope();
        return Activations.Of(Forward(q, k, v), precision).MoveToOuterDisposeScope();
    }

    /// <summary>[B, L, H * D] to [B, H, L, D].</summary>
    public static Tensor SplitHeads(Tensor x, long heads)
    {
        using var split = x.unflatten(x.dim() - 1, [heads, x.shape[^1] / heads]);
        return split.transpose(1, 2);
    }
}
