using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>
/// Euler steps along a velocity that points from picture to noise. Reference: MeiGen-AI/InfiniteTalk, wan/multitalk.py, line 761, at commit
/// 0107cd9.
/// </summary>
public static class EulerSampler
{
    /// <summary>Computes latent - velocity * (from - to) / 1000.</summary>
    /// <param name="latent">Latent at <paramref name="from"/>.</param>
    /// <param name="velocity">Output of the network, of the latent's shape.</param>
    /// <param name="from">Timestep of the latent.</param>
    /// <param name="to">Timestep of the result; smaller than <paramref name="from"/>.</param>
    public static Tensor Step(Tensor latent, Tensor velocity, float from, float to) => latent - velocity * ((from - to) / 1000);
}
