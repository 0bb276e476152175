using Locutor.Kernels;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// Normalises the channels of every pixel, x / |x| * sqrt(C) * gamma, in float32.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/vae.py, line 39, at commit 0107cd9.
/// </summary>
/// <param name="weights">Place of <c>gamma</c>.</param>
/// <param name="channels">C.</param>
/// <param name="axes">Number of axes after the channels.</param>
internal sealed class ChannelNorm(Weights weights, int channels, int axes)
{
    private readonly Tensor gamma = weights.Load("gamma", [channels, .. Enumerable.Repeat(1L, axes)], Initial.Ones);

    /// <summary>Computes the norm.</summary>
    /// <param name="x">[B, C, ...], with as many axes after C as gamma has.</param>
    public Tensor Forward(Tensor x) => ChannelNormSilu.Norm(x, gamma);

    /// <summary>Computes silu(norm(x)).</summary>
    /// <param name="x">[B, C, T, H, W]</param>
    public Tensor ForwardSilu(Tensor x) => ChannelNormSilu.Apply(x, gamma);

    /// <summary>Returns whether the norm of x can be written into a tensor of the caller.</summary>
    public static bool CanWriteInto(Tensor x) => x.shape[0] == 1 && ChannelNormSilu.CanWriteInto(x);

    /// <summary>Writes silu(norm(x)) into <paramref name="result"/>, which has the shape of x.</summary>
    public void ForwardSilu(Tensor x, Tensor result) => ChannelNormSilu.Apply(x, gamma, result);

    /// <summary>
    /// Writes silu(norm(x)) into <paramref name="result"/>, where every frame is concatenated behind the frames before it.
    /// </summary>
    /// <param name="x">[1, C, T, H, W]</param>
    /// <param name="result">[1, T, H, W, taps * C]</param>
    /// <param name="taps">Number of concatenated frames.</param>
    public void ForwardSilu(Tensor x, Tensor result, int taps) => ChannelNormSilu.ApplyConcatenated(x, gamma, result, taps);
}
