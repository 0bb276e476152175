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

    /// <summary>Whether a video's norm can be written where it is wanted, so that nothing is copied.</summary>
    public static bool WritesInto(Tensor x) => x.shape[0] == 1 && ChannelNormSilu.WritesInto(x);

    /// <summary>The same, written into <paramref name="into"/>.</summary>
    public void ForwardSilu(Tensor x, Tensor into) => ChannelNormSilu.Apply(x, gamma, into);

    /// <summary>The same, every frame beside those before it.</summary>
    /// <param name="into">[1, T, H, W, taps * C]</param>
    public void ForwardSilu(Tensor x, Tensor into, int taps) => ChannelNormSilu.ApplySideBySide(x, gamma, into, taps);
}
