using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>x / sqrt(mean(x^2) + epsilon) * weight over the last axis; the mean in float32. Zhang and Sennrich, arXiv:1910.07467.</summary>
public sealed class RmsNorm(Weights weights, long width, double epsilon)
{
    private readonly Tensor weight = weights.Load("weight", [width], Initial.Ones);

    /// <param name="x">[..., width]</param>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var wide = x.to(ScalarType.Float32);
        var scale = wide.square().mean([-1], keepdim: true).add(epsilon).rsqrt();
        return ((wide * scale).to(x.dtype) * weight).MoveToOuterDisposeScope();
    }
}
