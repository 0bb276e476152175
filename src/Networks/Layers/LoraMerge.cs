using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Merges a LoRA patch in float32: W += strength * alpha / rank * Up Down (Hu et al., arXiv:2106.09685), or W += strength * Difference.
/// </summary>
public static class LoraMerge
{
    /// <summary>Adds a patch to a parameter.</summary>
    /// <param name="weight">float32, changed in place.</param>
    /// <param name="patch">Matrices or difference of this parameter.</param>
    /// <param name="strength">Factor of the adapter.</param>
    public static void Add(Tensor weight, LoraPatch patch, double strength)
    {
        using var scope = NewDisposeScope();
        if (patch.Difference is { } difference)
        {
            weight.add_(Float32(difference, weight).reshape(weight.shape), alpha: strength);
            return;
        }
        var up = Float32(patch.Up!, weight).flatten(1);     // [outputs, rank]
        var down = Float32(patch.Down!, weight).flatten(1); // [rank, inputs], the axes of a convolution joined
        weight.add_(up.matmul(down).reshape(weight.shape), alpha: strength * patch.Scale);
    }

    private static Tensor Float32(CheckpointTensor stored, Tensor like) => stored.AsTensor().to(ScalarType.Float32, like.device);
}
