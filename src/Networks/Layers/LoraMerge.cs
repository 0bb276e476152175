using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>W += strength * alpha / rank * Up Down (https://arxiv.org/abs/2106.09685), or W += strength * Difference; all in float32.</summary>
internal static class LoraMerge
{
    /// <param name="weight">float32, changed in place.</param>
    public static void Add(Tensor weight, LoraPatch patch, double strength)
    {
        using var scope = NewDisposeScope();
        if (patch.Difference is { } difference)
        {
            weight.add_(Real(difference, weight).reshape(weight.shape), alpha: strength);
            return;
        }
        var up = Real(patch.Up!, weight).flatten(1);     // [outputs, rank]
        var down = Real(patch.Down!, weight).flatten(1); // [rank, inputs], the axes of a convolution joined
        weight.add_(up.matmul(down).reshape(weight.shape), alpha: strength * patch.Scale);
    }

    private static Tensor Real(CheckpointTensor stored, Tensor like) => stored.AsTensor().to(ScalarType.Float32, like.device);
}
