using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

internal static class Nearness
{
    /// <summary>max |found - expected| / max |expected| below the tolerance, and the same shape.</summary>
    public static void ShouldBeNear(this Tensor found, Tensor expected, double tolerance, string? about = null)
    {
        found.shape.ShouldBe(expected.shape, about);
        using var scope = NewDisposeScope();
        var wide = expected.to(ScalarType.Float64);
        double difference = (found.to(ScalarType.Float64) - wide).abs().max().item<double>();
        (difference / wide.abs().max().item<double>()).ShouldBeLessThan(tolerance, about);
    }
}
