using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>
/// Steps for weights distilled to few passes. Each step predicts the clean latent and mixes it with fresh noise for the next timestep.
/// Reference: Soul-AILab/SoulX-FlashTalk, flash_talk/src/pipeline/flash_talk_pipeline.py, line 275, at commit 688982e.
/// </summary>
public static class FewStepSampler
{
    /// <summary>Computes clean = latent - velocity * from / 1000 and returns (1 - to / 1000) * clean + to / 1000 * noise.</summary>
    /// <param name="latent">Latent at <paramref name="from"/>.</param>
    /// <param name="velocity">Output of the network; it points from picture to noise.</param>
    /// <param name="from">Timestep of the latent, up to 1000.</param>
    /// <param name="to">Timestep of the result, smaller; 0 gives the clean latent.</param>
    /// <param name="noise">Standard normal noise of the latent's shape; may be null only if <paramref name="to"/> is 0.</param>
    public static Tensor Step(Tensor latent, Tensor velocity, float from, float to, Tensor? noise)
    {
        using var scope = NewDisposeScope();
        var clean = latent - velocity * (from / 1000);
        if (to == 0) return clean.MoveToOuterDisposeScope();
        ArgumentNullException.ThrowIfNull(noise);
        float share = to / 1000;
        return (clean * (1 - share) + noise * share).MoveToOuterDisposeScope();
    }
}
