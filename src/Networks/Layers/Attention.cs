using Locutor.Kernels;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Attention, softmax(q k^T / sqrt(D)) v. cuDNN computes it on a GPU in 16 bits, the implementation that libtorch chooses computes it
/// elsewhere.
/// </summary>
public static class Attention
{
    /// <summary>Computes attention.</summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D]</param>
    /// <param name="v">[B, H, Lk, D]</param>
    /// <returns>[B, Lq, H * D]</returns>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v) => Scoped(() =>
    {
        var y = CudaKernel.CanRunAttention(q) ? TorchScripts.CudnnAttention(q, k, v) : nn.functional.scaled_dot_product_attention(q, k, v);
        return y.transpose(1, 2).flatten(2);
    });

    /// <summary>
    /// Computes self attention and quantises its result for the next matrix product. Its own products may have 8 bits, see
    /// <see cref="AttentionPrecision"/>.
    /// </summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D]</param>
    /// <param name="v">[B, H, Lk, D]</param>
    /// <param name="linears">Precision of the layers around the attention.</param>
    /// <param name="tiles">The tiles that 8-bit attention reads; null: all.</param>
    /// <param name="result">Precision of the result; null: that of the layers.</param>
    /// <returns>[B, Lq, H * D]</returns>
    public static Activations Forward(
        Tensor q, Tensor k, Tensor v, LinearPrecision linears, VisitedTiles? tiles = null, LinearPrecision? result = null) => Scoped(() =>
        EightBitAttention.IsWorthwhile(q, k, linears) ? QuantiseRows.Apply(EightBitAttention.Apply(q, k, v, tiles), result ?? linears)
        : JoinedAttention.IsWorthwhile(q, k) ? JoinedAttention.Apply(q, k, v, result ?? linears)
        : QuantiseRows.Apply(Forward(q, k, v), result ?? linears));

    /// <summary>Splits the channels into heads: [B, L, H * D] becomes [B, H, L, D].</summary>
    public static Tensor SplitHeads(Tensor x, long heads)
    {
        using var split = x.unflatten(x.dim() - 1, [heads, x.shape[^1] / heads]);
        return split.transpose(1, 2);
    }
}
