using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>
/// A running difference between two passes, with limited norm and orthogonal to the prediction. Source: arXiv:2410.02416.
/// Reference: MeiGen-AI/InfiniteTalk, wan/utils/multitalk_utils.py, lines 316 and 339, at commit 0107cd9.
/// </summary>
public sealed class ProjectedGuidance(ProjectedGuidanceOptions options) : IDisposable
{
    private Tensor? average;

    /// <summary>Adds a difference to the running difference.</summary>
    /// <param name="difference">Difference between two velocities, of any shape.</param>
    /// <param name="prediction">The conditional velocity, of equal shape.</param>
    /// <returns>The part of the running difference that is orthogonal to the prediction, with limited norm.</returns>
    public Tensor Update(Tensor difference, Tensor prediction)
    {
        using var scope = NewDisposeScope();
        var running = average is null ? difference.clone() : difference + average * options.Momentum;
        average?.Dispose();
        average = running.DetachFromDisposeScope();
        var limit = (options.NormThreshold / running.norm()).clamp_max(1);
        var limited = options.NormThreshold > 0 ? running * limit : running;
        var wide = limited.to(ScalarType.Float64);
        var direction = prediction.to(ScalarType.Float64);
        direction = direction / direction.norm().clamp_min(1e-12);
        return (wide - (wide * direction).sum() * direction).to(difference.dtype).MoveToOuterDisposeScope();
    }

    public void Dispose() => average?.Dispose();
}
