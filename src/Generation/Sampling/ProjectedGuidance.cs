using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>One running difference between two passes, kept short and at right angles to the prediction. arXiv:2410.02416.</summary>
public sealed class ProjectedGuidance(ProjectedGuidanceOptions options) : IDisposable
{
    private Tensor? average;

    /// <param name="difference">Between two velocities, any shape.</param>
    /// <param name="prediction">The conditional velocity, same shape.</param>
    /// <returns>The part of the running difference that is orthogonal to the prediction, its norm limited.</returns>
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
