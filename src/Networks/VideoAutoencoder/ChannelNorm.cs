using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>x / |x| * sqrt(C) * gamma over the channels of one pixel, in float32.</summary>
internal sealed class ChannelNorm(Weights weights, int channels, int axesAfter)
{
    private readonly Tensor gamma = weights.Load("gamma", [channels, .. Enumerable.Repeat(1L, axesAfter)], Initial.Ones);

    /// <param name="x">[B, C, ...], with as many axes after C as gamma has.</param>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var wide = x.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? x.to(ScalarType.Float32) : x;
        var length = linalg.vector_norm(wide, dims: [1], keepdim: true).clamp_min(1e-12);
        return (wide * (Math.Sqrt(channels) / length) * gamma).to(x.dtype).MoveToOuterDisposeScope();
    }
}
