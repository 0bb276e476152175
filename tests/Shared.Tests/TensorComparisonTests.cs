using static TorchSharp.torch;

namespace Locutor.Shared.Tests;

/// <summary>The comparison must be able to fail: every test here spoils one thing and asks for the failure.</summary>
public sealed class TensorComparisonTests
{
    private readonly Tensor expected, found;

    public TensorComparisonTests()
    {
        expected = new RandomInputs(TestSeed.Value).Normal(3, 4, 5);
        found = expected.clone();
    }

    /// <summary>Both measures, so that each test below holds for both.</summary>
    public static TheoryData<bool> Measures => [false, true];

    private void Compare(bool norm, double tolerance = 1e-6)
    {
        if (norm) found.ShouldBeNearInNorm(expected, tolerance, "the layer");
        else found.ShouldBeNear(expected, tolerance, "the layer");
    }

    private string Refusal(bool norm, double tolerance = 1e-6) =>
        Should.Throw<ShouldAssertException>(() => Compare(norm, tolerance)).Message;

    [Theory]
    [MemberData(nameof(Measures))]
    public void Equal_tensors_pass(bool norm) => Compare(norm);

    [Theory]
    [MemberData(nameof(Measures))]
    public void A_difference_below_the_tolerance_passes_and_one_above_fails(bool norm)
    {
        found[2, 3, 4] += (norm ? expected.norm() : expected.abs().max()) * 1e-3;

        Compare(norm, 1.1e-3);

        string message = Refusal(norm, 0.9e-3);
        message.ShouldStartWith("the layer: ");
        message.ShouldContain("at [2, 3, 4] of [3, 4, 5]");
    }

    [Theory]
    [InlineData(false, float.NaN, "1 of 60 found values are NaN and 0 are infinite, the first at [1, 0, 2] of shape [3, 4, 5]")]
    [InlineData(true, float.NaN, "1 of 60 found values are NaN and 0 are infinite, the first at [1, 0, 2] of shape [3, 4, 5]")]
    [InlineData(false, float.PositiveInfinity, "0 of 60 found values are NaN and 1 are infinite")]
    [InlineData(true, float.NegativeInfinity, "0 of 60 found values are NaN and 1 are infinite")]
    public void A_value_that_is_not_finite_fails_at_any_tolerance(bool norm, float value, string message)
    {
        found[1, 0, 2] = value;

        Refusal(norm, double.MaxValue).ShouldContain(message);
    }

    [Theory]
    [MemberData(nameof(Measures))]
    public void A_reference_that_is_not_finite_fails_even_if_both_sides_agree(bool norm)
    {
        foreach (float value in new[] { float.NaN, float.PositiveInfinity })
        {
            found[0, 0, 0] = expected[0, 0, 0] = value;

            Refusal(norm).ShouldContain("of 60 expected values are");
        }
    }

    [Theory]
    [MemberData(nameof(Measures))]
    public void A_reference_of_zeros_fails_even_if_both_sides_agree(bool norm)
    {
        found.zero_();
        expected.zero_();

        Refusal(norm).ShouldContain("all values of the reference of shape [3, 4, 5] are zero");
    }

    [Fact]
    public void A_reference_without_values_fails() =>
        Should.Throw<ShouldAssertException>(() => zeros(0, 3).ShouldBeNear(zeros(0, 3), 1)).Message.ShouldContain("no values to compare");

    [Fact]
    public void Another_shape_fails_even_where_it_would_broadcast() =>
        Should.Throw<ShouldAssertException>(
            () => expected.narrow(0, 0, 1).ShouldBeNear(expected, 1e9)).Message.ShouldContain("the shape is [1, 4, 5], expected [3, 4, 5]");

    [Theory]
    [MemberData(nameof(Measures))]
    public void A_tolerance_that_is_NaN_fails(bool norm) => Refusal(norm, double.NaN).ShouldContain("allowed is less than NaN");

    [Fact]
    public void A_difference_that_float32_cannot_hold_is_seen()
    {
        var wide = expected.to(ScalarType.Float64);

        Should.Throw<ShouldAssertException>(() => (wide * (1 + 1e-9)).ShouldBeNear(wide, 1e-10));
    }

    [Fact]
    public void Strided_and_trainable_tensors_compare_by_their_values()
    {
        var parameter = expected.transpose(0, 2).requires_grad_(true);

        parameter.ShouldBeNear(expected.transpose(0, 2).contiguous(), 1e-9);
        Should.Throw<ShouldAssertException>(() => parameter.ShouldBeNear(expected.view(5, 4, 3), 1e-3));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(2e-3f)]
    [InlineData(-2e-3f)]
    public void A_nonzero_value_fails_the_comparison_with_zero(float value)
    {
        var zero = zeros(2, 3);
        zero.ShouldBeZero();
        zero[1, 1] = value;

        Should.Throw<ShouldAssertException>(() => zero.ShouldBeZero(1e-3));
    }

    [Fact]
    public void Finite_tensors_are_distinguished_from_others()
    {
        found.ShouldBeFinite();
        found[0, 1, 2] = float.NaN;

        Should.Throw<ShouldAssertException>(() => found.ShouldBeFinite("a gradient")).Message.ShouldStartWith("a gradient: 1 of 60");
    }

    [Fact]
    public void Every_failure_has_the_seed_in_its_message()
    {
        found[0, 0, 0] += 1;

        Refusal(false).ShouldContain($"LOCUTOR_SEED={TestSeed.Value}");
        Refusal(true).ShouldContain($"LOCUTOR_SEED={TestSeed.Value}");
    }
}
