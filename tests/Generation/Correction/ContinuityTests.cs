using Locutor.Generation.Correction;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests;

public sealed class ContinuityTests
{
    private readonly RandomInputs random = new(TestSeed.Value);

    [Fact]
    public void Pixels_close_to_the_picture_become_the_picture_and_moved_ones_stay()
    {
        using var scope = NewDisposeScope();
        var picture = random.Picture(3, 1, 6, 5);
        var moved = zeros([3, 4, 6, 5]);
        moved[.., .., 2, ..] = 10.0 / 127.5;
        moved[.., .., 3, ..] = -30.0 / 127.5;
        moved[.., .., 4, ..] = 18.0 / 127.5;
        var settled = (Continuity.Settle(picture + moved, picture, 12) - picture) * 127.5;
        settled[.., .., 2, ..].ShouldBeZero(1e-3);
        settled[.., .., 3, ..].ShouldBeNear(full_like(settled[.., .., 3, ..], -30), 1e-4);
        settled[.., .., 4, ..].ShouldBeNear(full_like(settled[.., .., 4, ..], 9), 1e-4);
        settled[.., .., 0, ..].ShouldBeZero(1e-3);
        Continuity.Settle(picture + moved, picture, 0).sub(picture + moved).ShouldBeZero();
    }

    [Theory]
    [InlineData(9, 5, 3)]
    [InlineData(9, 5, 8)]
    [InlineData(5, 1, 0)]
    public void A_clip_begins_where_the_one_before_ended(int frames, int known, int spread)
    {
        using var scope = NewDisposeScope();
        var motion = random.Picture(3, known, 4, 4) / 2;
        var video = (motion.narrow(1, known - 1, 1) + 0.25).expand(-1, frames, -1, -1).clone(); // The clip itself is still.
        var joined = Continuity.Join(video, motion, spread);
        joined.shape.ShouldBe(video.shape);
        for (int i = 0; i < frames; i++)
        {
            double expected = i < known || i >= known + spread ? 0 : -0.25 * (1 - (i - known + 1.0) / (spread + 1));
            (joined - video).select(1, i).sub(expected).ShouldBeZero(1e-5, $"frame {i}");
        }
    }

    [Fact]
    public void What_moves_keeps_no_ghost_of_the_frame_before()
    {
        using var scope = NewDisposeScope();
        var motion = zeros(3, 1, 2, 2);
        var video = full([3, 3, 2, 2], 0.25f);
        video[.., 1.., 0, 0] = 0.5f;
        var joined = Continuity.Join(video, motion, 2);
        joined[.., 1.., 0, 0].sub(0.5).ShouldBeZero();
        joined[.., 1, 1, 1].sub(0.25 - 0.25 * 2 / 3).ShouldBeZero(1e-6);
    }
}
