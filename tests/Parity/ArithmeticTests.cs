using System.Globalization;
using Locutor.Generation.Correction;
using Locutor.Generation.Sampling;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

public class ArithmeticTests
{
    public static TheoryData<string> TimestepFiles => Goldens.Files("timesteps");

    public static TheoryData<string> ColourFiles => Goldens.Files("colour_match");

    public static TheoryData<string> GuidanceFiles => Goldens.Files("apg");

    [Theory]
    [MemberData(nameof(TimestepFiles))]
    public void Timesteps_equal_the_reference(string file)
    {
        using var golden = Goldens.Open(file);
        string[] cases =
        [
            .. golden.Names.Where(name => name.StartsWith("out.", StringComparison.Ordinal)).Select(name => name["out.".Length..])
        ];
        cases.ShouldNotBeEmpty();
        foreach (string name in cases)
        {
            string[] parts = name.Split('_');
            float[] found = NoiseSchedule.Timesteps(
                int.Parse(parts[0], CultureInfo.InvariantCulture), double.Parse(parts[1], CultureInfo.InvariantCulture));
            using var expected = golden.Output(name);
            tensor(found).ShouldBeNear(expected, 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(ColourFiles))]
    public void Colour_match_equals_the_reference(string file)
    {
        using var scope = NewDisposeScope();
        using var golden = Goldens.Open(file);
        using var match = new ColourMatch(golden.Input("reference").squeeze(0), golden.Config.GetProperty("strength").GetDouble());

        match.Apply(golden.Input("video").squeeze(0)).ShouldBeNear(golden.Output("video").squeeze(0), 1e-4);
    }

    [Theory]
    [MemberData(nameof(GuidanceFiles))]
    public void Projected_guidance_with_momentum_equals_the_reference(string file)
    {
        using var scope = NewDisposeScope();
        using var golden = Goldens.Open(file);
        using var guidance = new ProjectedGuidance(
            new(golden.Config.GetProperty("momentum").GetDouble(), golden.Config.GetProperty("norm_threshold").GetDouble()));
        var prediction = golden.Input("cond");

        guidance.Update(golden.Input("diff1"), prediction).ShouldBeNear(golden.Output("update1"), 1e-5);
        guidance.Update(golden.Input("diff2"), prediction).ShouldBeNear(golden.Output("update2"), 1e-5);
    }
}
