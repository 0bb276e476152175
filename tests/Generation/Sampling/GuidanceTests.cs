using Locutor.Generation.Sampling;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Sampling;

public class GuidanceTests
{
    private readonly Tensor conditional, second, third;

    public GuidanceTests()
    {
        var random = new RandomInputs(TestSeed.Value);
        (conditional, second, third) = (random.Normal(16, 2, 3, 4), random.Normal(16, 2, 3, 4), random.Normal(16, 2, 3, 4));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 2, 2)]
    [InlineData(5, 1, 2)]
    [InlineData(5, 4, 3)]
    public void Only_passes_that_change_something_are_run(double text, double audio, int passes) =>
        Guidance.PassesOf(new GuidanceOptions(text, audio)).Count.ShouldBe(passes);

    [Theory]
    [InlineData("a person", "a person", 2)]
    [InlineData("a happy person", "a person", 3)]
    public void A_prompt_equal_to_the_negative_prompt_takes_no_guidance_pass(string text, string negative, int passes) =>
        Guidance.PassesOf(new GuidanceOptions(5, 4).Between(text, negative)).Count.ShouldBe(passes);

    [Fact]
    public void Steps_beyond_the_guided_ones_are_the_conditional_pass_alone()
    {
        using var scope = NewDisposeScope();
        using var guidance = new Guidance(new GuidanceOptions(3, 2) { GuidedSteps = 2 });

        guidance.PassesAt(1).Count.ShouldBe(3);
        guidance.PassesAt(2).ShouldBe([Pass.Conditional]);
        guidance.Combine([conditional]).Equals(conditional).ShouldBeTrue();
        new Guidance(new GuidanceOptions(3, 2)).PassesAt(999).Count.ShouldBe(3);
    }

    [Fact]
    public void With_audio_scale_1_the_third_pass_would_have_changed_nothing()
    {
        using var scope = NewDisposeScope();
        using var two = new Guidance(new GuidanceOptions(3, 1));
        using var three = new Guidance(new GuidanceOptions(3, 1 + 1e-7));

        var combined = two.Combine([conditional, second]);

        three.Passes.Count.ShouldBe(3);
        three.Combine([conditional, second, third]).ShouldBeNear(combined, 1e-5);
    }

    [Fact]
    public void Projected_guidance_leaves_the_prediction_when_passes_agree()
    {
        using var scope = NewDisposeScope();
        using var guidance = new Guidance(new GuidanceOptions(1, 4, new ProjectedGuidanceOptions()));

        (guidance.Combine([conditional, conditional]) - conditional).ShouldBeZero();
    }
}
