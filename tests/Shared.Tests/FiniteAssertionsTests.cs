namespace Locutor.Shared.Tests;

/// <summary>Test code that writes Shouldly's comparisons of numbers gets the ones that refuse NaN.</summary>
public sealed class FiniteAssertionsTests
{
    public static TheoryData<double> NotFinite => [double.NaN, double.PositiveInfinity, double.NegativeInfinity];

    [Theory]
    [MemberData(nameof(NotFinite))]
    public void A_number_that_is_not_finite_passes_no_comparison(double wrong)
    {
        Fails(() => wrong.ShouldBeLessThan(1));
        Fails(() => wrong.ShouldBeLessThanOrEqualTo(1));
        Fails(() => wrong.ShouldBeGreaterThan(1));
        Fails(() => wrong.ShouldBeGreaterThanOrEqualTo(1));
        Fails(() => wrong.ShouldBeInRange(double.MinValue, double.MaxValue));
        Fails(() => wrong.ShouldBe(1, 1e300));
        Fails(() => ((float)wrong).ShouldBeLessThan(1f));
        Fails(() => ((float)wrong).ShouldBeLessThanOrEqualTo(1f));
        Fails(() => ((float)wrong).ShouldBeGreaterThan(1f));
        Fails(() => ((float)wrong).ShouldBeGreaterThanOrEqualTo(1f));
        Fails(() => ((float)wrong).ShouldBeInRange(float.MinValue, float.MaxValue));
        Fails(() => ((float)wrong).ShouldBe(1, 1e300));
    }

    [Theory]
    [MemberData(nameof(NotFinite))]
    public void A_bound_that_is_not_finite_is_no_bound(double wrong)
    {
        Fails(() => 1.0.ShouldBeLessThan(wrong));
        Fails(() => 1.0.ShouldBeLessThanOrEqualTo(wrong));
        Fails(() => 1.0.ShouldBeGreaterThan(wrong));
        Fails(() => 1.0.ShouldBeGreaterThanOrEqualTo(wrong));
        Fails(() => 1.0.ShouldBeInRange(wrong, 2));
        Fails(() => 1.0.ShouldBeInRange(0, wrong));
        Fails(() => 1.0.ShouldBe(wrong, 1));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(-2, -1)]
    public void Finite_numbers_are_compared(double less, double more)
    {
        less.ShouldBeLessThan(more);
        less.ShouldBeLessThanOrEqualTo(less);
        more.ShouldBeGreaterThan(less);
        more.ShouldBeGreaterThanOrEqualTo(more);
        less.ShouldBeInRange(less, more);
        less.ShouldBe(more, 1);
        Fails(() => more.ShouldBeLessThan(less));
        Fails(() => less.ShouldBeLessThan(less));
        Fails(() => more.ShouldBeLessThanOrEqualTo(less));
        Fails(() => less.ShouldBeGreaterThan(more));
        Fails(() => less.ShouldBeGreaterThan(less));
        Fails(() => less.ShouldBeGreaterThanOrEqualTo(more));
        Fails(() => more.ShouldBeInRange(less - 1, less));
        Fails(() => less.ShouldBeInRange(more, more + 1));
        Fails(() => less.ShouldBe(more, 0.9));
    }

    private static void Fails(Action comparison) => Should.Throw<ShouldAssertException>(comparison).Message.ShouldContain("LOCUTOR_SEED=");
}
