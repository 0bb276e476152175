using Locutor.Generation.Clips;

namespace Locutor.Generation.Tests.Conditioning;

public class ClipPlanTests
{
    [Theory]
    [InlineData(81, 25, 0)]
    [InlineData(33, 9, 0)]
    [InlineData(33, 9, 8)]
    [InlineData(13, 1, 0)]
    [InlineData(9, 5, 0)]
    [InlineData(9, 5, 4)]
    public void Clips_of_any_length_give_every_frame_once_and_no_more(int clipFrames, int motionFrames, int leadIn)
    {
        for (int total = 1; total < 3 * clipFrames; total++)
        {
            var plan = new ClipPlan(total, clipFrames, motionFrames, leadIn);
            int next = 0;
            foreach (var clip in plan.Clips())
            {
                (clip.Start + clip.Overlap).ShouldBe(next);
                clip.Keep.ShouldBeGreaterThan(0);
                (clip.Overlap + clip.Keep).ShouldBeLessThanOrEqualTo(clipFrames);
                next += clip.Keep;
            }

            next.ShouldBe(total);
        }
    }

    [Fact]
    public void The_last_clip_decodes_only_the_frames_that_the_video_has()
    {
        var plan = new ClipPlan(126, 33, 9, 8);
        plan.Clips().Select(clip => clip.FramesToDecode(33, 4)).ShouldBe([33, 33, 33, 33, 33, 17]); // 9 + 5 frames, in steps of 4
        plan.At(5).FramesToDecode(33, 1).ShouldBe(14);
    }

    [Fact]
    public void A_later_clip_starts_with_the_last_frames_of_the_one_before()
    {
        var plan = new ClipPlan(200, 81, 25);
        plan.At(1).ShouldBe(new Clip(1, 56, 25, 56));
        plan.At(2).ShouldBe(new Clip(2, 112, 25, 56));
        plan.At(3).ShouldBe(new Clip(3, 168, 25, 7));
        plan.Count.ShouldBe(4);
    }

    [Fact]
    public void A_first_clip_may_start_with_frames_that_are_discarded()
    {
        var plan = new ClipPlan(60, 33, 9, LeadIn: 8);
        plan.Clips().ShouldBe([new Clip(0, -8, 8, 25), new Clip(1, 16, 9, 24), new Clip(2, 40, 9, 11)]);
    }
}
