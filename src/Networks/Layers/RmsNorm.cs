using Locutor.Kernels;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>x / sqrt(mean(x^2) + epsilon) * weight over the last axis; the mean in float32. Zhang and Sennrich, arXiv:1910.07467.</summary>
public sealed class RmsNorm(Weights weights, long width, double epsilon)
{
    private readonly Tensor weight = weights.Load("weight", [width], Initial.Ones);

    /// <param name="x">[..., width]</param>
    public Tensor Forward(Tensor x) => RmsRotary.Normalised(x, weight, epsilon);

    /// <summary>Rows that become normed and turned heads where they are read.</summary>
    /// <param name="x">[B, L, width]</param>
    /// <param name="turns">Complex float32, [1, 1, L, D / 2].</param>
    public ProjectedHeads Heads(Tensor x, int heads, Tensor turns) => new(x, weight, epsilon, turns, heads);

    /// <summary>The same, split into heads.</summary>
    /// <param name="x">[B, L, width]</param>
    /// <returns>[B, H, L, D]</returns>
    public Tensor ForwardHeads(Tensor x, int heads) => RmsRotary.Apply(x, weight, epsilon, null, heads);
}
