
// Not in Locutor.Tests: test code lies in namespaces under Locutor, so C# finds these methods here before it looks at `using Shouldly`.
namespace Locutor;

/// <summary>
/// Hides Shouldly's comparisons of double and float. Shouldly uses CompareTo, for which NaN is less than every number, so
/// <c>double.NaN.ShouldBeLessThan(1e-3)</c> would pass. These methods refuse NaN and infinite numbers, as value and as bound.
/// </summary>
public static class FiniteAssertions
{
    public static void ShouldBeLessThan(this double actual, double bound, string? customMessage = null) =>
        Check(actual, actual < bound, "less than", bound, customMessage);

    public static void ShouldBeLessThan(this float actual, float bound, string? customMessage = null) =>
        Check(actual, actual < bound, "less than", bound, customMessage);

    public static void ShouldBeLessThanOrEqualTo(this double actual, double bound, string? customMessage = null) =>
        Check(actual, actual <= bound, "at most", bound, customMessage);

    public static void ShouldBeLessThanOrEqualTo(this float actual, float bound, string? customMessage = null) =>
        Check(actual, actual <= bound, "at most", bound, customMessage);

    public static void ShouldBeGreaterThan(this double actual, double bound, string? customMessage = null) =>
        Check(actual, actual > bound, "greater than", bound, customMessage);

    public static void ShouldBeGreaterThan(this float actual, float bound, string? customMessage = null) =>
        Check(actual, actual > bound, "greater than", bound, customMessage);

    public static void ShouldBeGreaterThanOrEqualTo(this double actual, double bound, string? customMessage = null) =>
        Check(actual, actual >= bound, "at least", bound, customMessage);

    public static void ShouldBeGreaterThanOrEqualTo(this float actual, float bound, string? customMessage = null) =>
        Check(actual, actual >= bound, "at least", bound, customMessage);

    public static void ShouldBeInRange(this double actual, double from, double to, string? customMessage = null)
    {
        Check(actual, actual >= from, "at least", from, customMessage);
        Check(actual, actual <= to, "at most", to, customMessage);
    }

    public static void ShouldBeInRange(this float actual, float from, float to, string? customMessage = null) =>
        ((double)actual).ShouldBeInRange(from, to, customMessage);

    public static void ShouldBe(this double actual, double expected, double tolerance, string? customMessage = null) =>
        Check(actual, Math.Abs(actual - expected) <= tolerance, $"within {tolerance} of", expected, customMessage);

    public static void ShouldBe(this float actual, double expected, double tolerance, string? customMessage = null) =>
        ((double)actual).ShouldBe(expected, tolerance, customMessage);

    private static void Check(double actual, bool holds, string relation, double bound, string? customMessage)
    {
        if (holds && double.IsFinite(actual) && double.IsFinite(bound)) return;
        throw new ShouldAssertException(
            $"{(customMessage is null ? "" : customMessage + ": ")}{actual} should be finite and {relation} {bound} " +
            $"({Tests.PrintSeed.Line})");
    }
}
