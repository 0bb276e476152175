using Locutor.Generation.Conditioning;
using Locutor.Generation.Requests;

namespace Locutor.Generation.Tests.Conditioning;

public sealed class SpeakerRegionsTests
{
    private const int Stride = 8;

    /// <summary>
    /// If boxes pass the check, both people have at least one token of the transformer, which is two latent cells wide.
    /// </summary>
    [Fact]
    public void Valid_boxes_give_both_people_a_region_of_the_video()
    {
        var random = TestSeed.NewRandom();
        int accepted = 0, refused = 0;
        for (int round = 0; round < 400; round++)
        {
            var source = (Height: random.Next(40, 400), Width: random.Next(40, 400));
            var target = SizeBuckets.Nearest([[128, 128], [96, 160], [160, 96]], source.Height, source.Width);
            SpeakerBox[] boxes = [Box(random, source), Box(random, source)];
            string? fault = SpeakerRegions.Fault(boxes, source, target);
            using var masks = SpeakerRegions.Masks(boxes, source, target, (target.Height / Stride, target.Width / Stride));
            if (fault is not null)
            {
                refused++;
                continue;
            }
            accepted++;
            for (int person = 0; person < 2; person++)
            {
                masks[person].sum().item<float>()
                    .ShouldBeGreaterThanOrEqualTo(1, $"round {round}: {boxes[person]} of {source} in {target}");
            }
        }
        (accepted, refused).ShouldSatisfyAllConditions(
            counts => counts.accepted.ShouldBeGreaterThan(20), counts => counts.refused.ShouldBeGreaterThan(20));
    }

    [Theory]
    [InlineData(0, 0, 211, 100, null)]
    [InlineData(0, 0, 212, 100, "inside the picture of 211 x 173 pixels, found [0, 0, 212, 100]")]
    [InlineData(0, 0, 100, 174, "inside the picture of 211 x 173 pixels, found [0, 0, 100, 174]")]
    [InlineData(0, 0, 18, 100, "found [0, 0, 18, 100], of which 0 x 100 pixels are in the video")]
    [InlineData(50, 50, 58, 100, "at least 22 x 22 pixels")]
    public void A_box_must_be_inside_the_picture_and_large_enough_to_be_seen(int left, int top, int right, int bottom, string? reason)
    {
        string? fault = SpeakerRegions.Fault([new(left, top, right, bottom)], (173, 211), (128, 128));
        if (reason is null) fault.ShouldBeNull();
        else fault.ShouldNotBeNull().ShouldContain(reason);
    }

    private static SpeakerBox Box(Random random, (int Height, int Width) source)
    {
        int left = random.Next(source.Width - 1), top = random.Next(source.Height - 1);
        return new(left, top, random.Next(left + 1, source.Width + 1), random.Next(top + 1, source.Height + 1));
    }
}
