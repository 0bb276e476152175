using static TorchSharp.torch;

namespace Locutor.Tests;

/// <summary>
/// The comparison of tensors that all tests use. It computes in float64 on the CPU and refuses meaningless comparisons: different shapes,
/// NaN or infinite values on either side, and references that are empty or all zero. Messages contain the position and the seed.
/// </summary>
public static class TensorComparison
{
    /// <summary>Requires max |found - expected| / max |expected| to be below the tolerance.</summary>
    public static void ShouldBeNear(this Tensor found, Tensor expected, double tolerance, string? about = null)
    {
        double error = MaxError(found, expected, about);
        if (!(error < tolerance))
        {
            Fail(
                $"max |found - expected| / max |expected| is {error:0.00e+0}, allowed is less than {tolerance:0.##e+0}; " +
                $"{Worst(found, expected)}",
                about);
        }
    }

    /// <summary>Requires |found - expected| / |expected| to be below the tolerance, in the L2 norm of all values.</summary>
    public static void ShouldBeNearInNorm(this Tensor found, Tensor expected, double tolerance, string? about = null)
    {
        double error = NormError(found, expected, about);
        if (!(error < tolerance))
        {
            Fail(
                $"|found - expected| / |expected| is {error:0.00e+0} in the L2 norm, allowed is less than {tolerance:0.##e+0}; " +
                $"{Worst(found, expected)}",
                about);
        }
    }

    /// <summary>
    /// Requires every value to be finite and at most <paramref name="largest"/> in magnitude: for results whose exact value is zero.
    /// </summary>
    public static void ShouldBeZero(this Tensor found, double largest = 0, string? about = null)
    {
        using var scope = NewDisposeScope();
        var values = Finite(found, "found", about);
        double magnitude = values.numel() == 0 ? 0 : values.abs().max().item<double>();
        if (!(magnitude <= largest))
            Fail($"expected values of at most {largest:0.##e+0}, the largest of {Shape(found)} is {magnitude:0.00e+0} in magnitude", about);
    }

    /// <summary>Requires a tensor without NaN and infinite values.</summary>
    public static void ShouldBeFinite(this Tensor found, string? about = null)
    {
        using var scope = NewDisposeScope();
        Finite(found, "found", about);
    }

    /// <summary>max |found - expected| / max |expected| of tensors that can be compared.</summary>
    public static double MaxError(Tensor found, Tensor expected, string? about = null)
    {
        using var scope = NewDisposeScope();
        var (left, right) = Comparable(found, expected, about);
        return ((left - right).abs().max() / right.abs().max()).item<double>();
    }

    /// <summary>|found - expected| / |expected| in the L2 norm, of tensors that can be compared.</summary>
    public static double NormError(Tensor found, Tensor expected, string? about = null)
    {
        using var scope = NewDisposeScope();
        var (left, right) = Comparable(found, expected, about);
        return ((left - right).norm() / right.norm()).item<double>();
    }

    private static (Tensor Found, Tensor Expected) Comparable(Tensor found, Tensor expected, string? about)
    {
        if (!found.shape.AsSpan().SequenceEqual(expected.shape)) Fail($"the shape is {Shape(found)}, expected {Shape(expected)}", about);
        if (expected.numel() == 0) Fail($"the reference of shape {Shape(expected)} has no values to compare with", about);
        var reference = Finite(expected, "expected", about);
        var values = Finite(found, "found", about);
        if (reference.count_nonzero().item<long>() == 0)
        {
            Fail(
                $"all values of the reference of shape {Shape(expected)} are zero, so every result would be infinitely wrong or right " +
                "by chance",
                about);
        }

        return (values, reference);
    }

    /// <summary>The values as float64 on the CPU.</summary>
    private static Tensor Finite(Tensor tensor, string side, string? about)
    {
        var values = tensor.detach().cpu().to(ScalarType.Float64);
        using var wrong = values.isfinite().logical_not();
        long count = wrong.count_nonzero().item<long>();
        if (count == 0) return values;
        long nan = values.isnan().count_nonzero().item<long>();
        long[] first = wrong.nonzero()[0].data<long>().ToArray();
        Fail(
            $"{nan} of {values.numel()} {side} values are NaN and {count - nan} are infinite, the first at [{string.Join(", ", first)}] " +
            $"of shape {Shape(tensor)}",
            about);
        return values;
    }

    private static string Worst(Tensor found, Tensor expected)
    {
        using var scope = NewDisposeScope();
        var (left, right) = (
            found.detach().cpu().to(ScalarType.Float64).flatten(), expected.detach().cpu().to(ScalarType.Float64).flatten());
        long flat = (left - right).abs().argmax().item<long>();
        long[] place = new long[found.Dimensions];
        long rest = flat;
        for (int axis = place.Length - 1; axis >= 0; axis--) (rest, place[axis]) = Math.DivRem(rest, found.shape[axis]);
        return $"the largest difference is at [{string.Join(", ", place)}] of {Shape(found)}: found {left[flat].item<double>():g6}, " +
            $"expected {right[flat].item<double>():g6}";
    }

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    private static void Fail(string message, string? about) =>
        throw new ShouldAssertException($"{(about is null ? "" : about + ": ")}{message} ({PrintSeed.Line})");
}
