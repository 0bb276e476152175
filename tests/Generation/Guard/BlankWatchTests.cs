using Locutor.Generation.Guard;
using Locutor.Media.Pictures;

namespace Locutor.Generation.Tests.Guard;

public sealed class BlankWatchTests
{
    private const int Side = 6;
    private static readonly byte[] Black = new byte[3 * Side * Side];
    private static readonly byte[] Face = TestSeed.NewRandom().Bytes(3 * Side * Side);
    private static readonly byte[] Orange =
    [
        .. Enumerable.Range(0, Side * Side).SelectMany(i => new byte[] { 250, (byte)(120 + i % 3), 3 })
    ];

    [Fact]
    public void A_video_of_one_colour_is_refused_though_its_first_frame_may_be_right()
    {
        foreach (byte[][] frames in
                new byte[][][] { [Black], [Orange], [Black, Black], [Face, Black, Black], [Face, Orange, Black], [Black, Orange] })
        {
            Should.Throw<WrongResultException>(Watched(frames).Finish).Message.ShouldStartWith("every frame of the video is of one colour");
        }
    }

    [Fact]
    public void A_video_with_a_picture_in_it_passes()
    {
        byte[] dot = [.. Black];
        dot[^1] = 3;
        foreach (byte[][] frames in new byte[][][] { [Face], [Face, Face], [Black, Face], [Face, Black, Face, Black], [Black, dot], [] })
            Watched(frames).Finish();
    }

    [Fact]
    public void Frames_that_are_joined_to_the_picture_do_not_count()
    {
        foreach (byte[][] frames in new byte[][][] { [Face, Face, Face, Black], [Black, Face, Black, Black], [Black, Black] })
            Should.Throw<WrongResultException>(Watched(3, frames).Finish);
        foreach (byte[][] frames in new byte[][][] { [Face, Black], [Black, Face, Black], [Face, Face, Face, Black, Face] })
            Watched(3, frames).Finish();
    }

    [Fact]
    public void A_picture_of_one_colour_may_give_a_video_of_one_colour()
    {
        var watch = new BlankWatch(new Picture(Side, Side, Orange), 1);
        watch.BeginClip();
        watch.See(Orange);
        watch.See(Black);
        watch.ClipIsBlank.ShouldBeFalse();
        watch.Finish();
    }

    [Fact]
    public void Clips_are_judged_one_by_one()
    {
        var watch = Watched(Face, Black);
        watch.ClipIsBlank.ShouldBeTrue("the first frame of a video does not count");
        watch.BeginClip();
        watch.See(Black);
        watch.ClipIsBlank.ShouldBeTrue();
        watch.See(Face);
        watch.ClipIsBlank.ShouldBeFalse();
        watch.BeginClip();
        watch.See(Black);
        watch.ClipIsBlank.ShouldBeTrue();
        watch.Finish();
    }

    private static BlankWatch Watched(params byte[][] frames) => Watched(1, frames);

    private static BlankWatch Watched(int leading, byte[][] frames)
    {
        var watch = new BlankWatch(new Picture(Side, Side, Face), leading);
        watch.BeginClip();
        foreach (byte[] frame in frames) watch.See(frame);
        return watch;
    }
}
