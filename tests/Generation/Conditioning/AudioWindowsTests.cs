using Locutor.Generation.Conditioning;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Conditioning;

public class AudioWindowsTests
{
    [Fact]
    public void A_window_repeats_the_first_frame_before_the_track_and_mirrors_it_behind_the_end()
    {
        using var scope = NewDisposeScope();
        using var track = SpeechTrack.From(arange(6, ScalarType.Float32).view(6, 1, 1));

        float[] first = AudioWindows.Create(track, 0, 2, 5).flatten().data<float>().ToArray();
        float[] last = AudioWindows.Create(track, 5, 3, 5).flatten().data<float>().ToArray();

        first.ShouldBe([0, 0, 0, 1, 2, 0, 0, 1, 2, 3]);
        last.ShouldBe([3, 4, 5, 5, 4, 4, 5, 5, 4, 3, 5, 5, 4, 3, 2]);
    }

    [Fact]
    public void A_track_of_one_frame_fills_any_clip()
    {
        using var scope = NewDisposeScope();
        using var track = SpeechTrack.From(ones([1, 2, 3]));
        AudioWindows.Create(track, 0, 33, 5).shape.ShouldBe([33, 5, 2, 3]);
    }
}
