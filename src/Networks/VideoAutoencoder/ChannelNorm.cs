using Locutor.Kernels;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>x / |x| * sqrt(C) * gamma over the channels of one pixel, in float32.</summary>
internal sealed class ChannelNorm(Weights weights, int channels, int axesAfter)
{
    private readonly Tensor gamma = weights.Load("gamma", [channels, .. Enumerable.Repeat(1L, axesAfter)], Initial.Ones);

    /// <param name="x">[B, C, ...], with as many axes after C as gamma has.</param>
    public Tensor Forward(Tensor x) => ChannelNormSilu.Norm(x, gamma);

    /// <summary>silu of it.</summary>
    /// <param name="x">[B, C, T, H, W]</param>
    public Tensor ForwardSilu(Tensor x) => ChannelNormSilu.Apply(x, gamma);
}
