using Locutor.Generation.Clips;
using Locutor.Generation.Correction;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Clips;

/// <summary>The end of a clip.</summary>
public sealed class DecodedClipTests
{
    private const int Height = 16, Width = 24, Frames = 13, Motion = 5;

    /// <summary>A GPU completes a clip at once; a CPU corrects and converts it while the next one is made.</summary>
    [Theory]
    [InlineData(5, 8)]
    [InlineData(0, 13)]
    [InlineData(5, 3)] // the end of the voice: the last frames are not kept
    public void A_completed_clip_has_the_frames_of_one_that_is_finished_later(int overlap, int keep)
    {
        var random = TestSeed.NewRandom();
        using var picture = Noise(random, 1);
        using var video = Noise(random, Frames);
        using var colours = new ColourMatch(picture, 1);
        var clip = new Clip(1, 20, overlap, keep);
        using var early = DecodedClip.Create(clip, video.clone(), Motion, colours);
        using var late = DecodedClip.Create(clip, video.clone(), Motion, colours);
        early.Complete(colours);
        using GeneratedClip completed = early.Finish(colours), finished = late.Finish(colours);
        completed.Video.allclose(finished.Video, 0, 0).ShouldBeTrue();
        completed.Motion.allclose(finished.Motion, 0, 0).ShouldBeTrue();
        byte[][] frames = [.. completed.Frames()];
        frames.Length.ShouldBe(keep);
        frames.ShouldBe([.. finished.Frames()]);
        using var levels = ((finished.Video.select(1, 0).permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255);
        using var first = levels.to(ScalarType.Byte).contiguous();
        frames[0].ShouldBe(first.bytes.ToArray());
    }

    /// <summary>Returns pixels from -1 to 1.</summary>
    private static Tensor Noise(Random random, int frames) => tensor(
        [.. Enumerable.Range(0, 3 * frames * Height * Width).Select(_ => 2 * random.NextSingle() - 1)], [3, frames, Height, Width]);
}
