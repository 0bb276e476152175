using Locutor.Generation.Parts;
using Locutor.Media.Captions;

namespace Locutor.Generation.Tests.Parts;

public sealed class PartPlanTests
{
    [Fact]
    public void A_part_begins_in_the_silence_nearest_to_equal_lengths()
    {
        // A minute with silences around 14.4, 16, 29.5 and 47 s, and pauses that are too short around 15, 30 and 45 s.
        var activity = Speech(60, (14.1, 14.7), (14.8, 15.19), (15.7, 16.3), (29.2, 29.8), (29.9, 30.1), (44.9, 45.2), (46.6, 47.4));
        PartPlan.Create(activity, 1500, 4).ShouldBe(
        [
            new VideoPart(0, 356 + PartPlan.SharedFrames), new VideoPart(356, 734 - 356 + PartPlan.SharedFrames),
            new VideoPart(734, 1171 - 734 + PartPlan.SharedFrames), new VideoPart(1171, 1500 - 1171),
        ]);
    }

    [Theory]
    [InlineData(60, 1)]
    [InlineData(15, 4)]
    public void Short_voices_and_requests_for_one_part_are_not_divided(int seconds, int most) =>
        PartPlan.Create(Speech(seconds, (7, 8), (30, 31)), 25 * seconds, most).ShouldBe([new VideoPart(0, 25 * seconds)]);

    [Fact]
    public void A_voice_without_silences_and_a_silent_voice_are_one_part()
    {
        PartPlan.Create(Speech(60, (30, 30.39)), 1500, 4).ShouldBe([new VideoPart(0, 1500)]);
        PartPlan.Create(new SpeechActivity([]), 1500, 4).ShouldBe([new VideoPart(0, 1500)]);
    }

    [Fact]
    public void Any_voice_is_covered_by_long_parts_that_begin_in_silences()
    {
        var random = new Random(20261126);
        for (int round = 0; round < 500; round++)
        {
            int seconds = random.Next(5, 400), most = random.Next(1, 20);
            var silences = new List<(double From, double To)>();
            for (double at = random.NextDouble() * 8; at < seconds - 2; at += 0.3 + random.NextDouble() * 12)
            {
                double to = Math.Min(seconds - 1, at + 0.13 + random.NextDouble());
                silences.Add((at, to));
                at = to;
            }
            var parts = PartPlan.Create(Speech(seconds, [.. silences]), 25 * seconds, most);
            parts.Count.ShouldBeInRange(1, most);
            (parts[0].First, parts[^1].End).ShouldBe((0, 25 * seconds));
            for (int i = 1; i < parts.Count; i++)
            {
                parts[i - 1].End.ShouldBe(parts[i].First + PartPlan.SharedFrames);
                double from = parts[i].First / 25.0, to = parts[i - 1].End / 25.0;
                silences.Exists(silence =>
                    silence.From <= from + 1e-6 && silence.To >= to - 1e-6 && silence.To - silence.From >= PartPlan.LeastSilence)
                    .ShouldBeTrue($"round {round}: part {i} begins outside of the silences");
            }
            if (parts.Count > 1) parts.Min(part => part.Count).ShouldBeGreaterThanOrEqualTo(PartPlan.LeastFrames, $"round {round}");
        }
    }

    private static SpeechActivity Speech(double seconds, params (double From, double To)[] silences)
    {
        double[] edges = [0, .. silences.SelectMany(silence => new[] { silence.From, silence.To }), seconds];
        return new([.. edges.Chunk(2).Select(part => (part[0], part[1]))]);
    }
}
