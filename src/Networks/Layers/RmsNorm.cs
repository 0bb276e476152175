using Locutor.Kernels;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// RMS norm, x / sqrt(mean(x^2) + eps) * weight over the last axis; the mean is float32 (Zhang and Sennrich, arXiv:1910.07467).
/// </summary>
/// <param name="weights">Place of <c>weight</c>.</param>
/// <param name="width">Channels of x.</param>
/// <param name="eps">Added to the mean.</param>
public sealed class RmsNorm(Weights weights, long width, double eps)
{
    private readonly Tensor weight = weights.Load("weight", [width], Initial.Ones);

    /// <summary>Computes the norm.</summary>
    /// <param name="x">[..., width]</param>
    public Tensor Forward(Tensor x) => RmsRotary.Normalise(x, weight, eps);

    /// <summary>Prepares the rows for the kernel that normalises, splits and rotates them where they are read.</summary>
    /// <param name="x">[B, L, width]</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="rotary">Rotation factors, complex float32 [1, 1, L, D / 2].</param>
    public ProjectedHeads Heads(Tensor x, int heads, Tensor rotary) => new(x, weight, eps, rotary, heads);

    /// <summary>Computes the norm and splits it into heads.</summary>
    /// <param name="x">[B, L, width]</param>
    /// <param name="heads">Number of heads.</param>
    /// <returns>[B, H, L, D]</returns>
    public Tensor ForwardHeads(Tensor x, int heads) => RmsRotary.Apply(x, weight, eps, null, heads);
}
