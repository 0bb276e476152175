using Locutor.Generation.Conditioning;
using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>A clip of which only the motion frames, on which the next one waits, have their final colours.</summary>
/// <param name="Video">[3, clip frames, H, W] as decoded, on the device.</param>
/// <param name="Motion">[3, motion frames, H, W], final, on the CPU.</param>
internal sealed record DecodedClip(Clip Clip, Tensor Video, Tensor Motion) : IDisposable
{
    /// <summary>Pixels (frames x height x width) that are matched at once; bounds the memory of float64 arithmetic.</summary>
    private const long MatchedAtOnce = 8 * 640 * 640;

    /// <param name="video">Owned by the clip from now on.</param>
    public static DecodedClip Of(Clip clip, Tensor video, int motionFrames, ColourMatch colours)
    {
        long frames = video.shape[1], motion = Math.Min(motionFrames, frames);
        return new DecodedClip(clip, video, Matched(video, frames - motion, motion, colours));
    }

    /// <summary>The new frames with their final colours.</summary>
    public GeneratedClip Finish(ColourMatch colours)
    {
        using var scope = NewDisposeScope();
        long motionStart = Video.shape[1] - Motion.shape[1], end = Clip.Overlap + Clip.Keep;
        long plain = Math.Max(0, Math.Min(end, motionStart) - Clip.Overlap), known = Clip.Keep - plain;
        var parts = new List<Tensor> { Matched(Video, Clip.Overlap, plain, colours) };
        if (known > 0) parts.Add(Motion.narrow(1, end - known - motionStart, known));
        return new GeneratedClip(Clip, cat(parts, 1).MoveToOuterDisposeScope(), Motion.clone().MoveToOuterDisposeScope());
    }

    public void Dispose()
    {
        Video.Dispose();
        Motion.Dispose();
    }

    private static Tensor Matched(Tensor video, long start, long count, ColourMatch colours)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        // Plain in memory, whatever layout the decoder left: libtorch computes by layout, and a run that goes on from stored frames has to
        // give the same bits.
        var matched = empty([3, count, video.shape[2], video.shape[3]], ScalarType.Float32);
        long atOnce = Math.Max(1, MatchedAtOnce / (video.shape[2] * video.shape[3]));
        for (long done = 0; done < count; done += atOnce)
        {
            using var inner = NewDisposeScope();
            long frames = Math.Min(atOnce, count - done);
            matched.narrow(1, done, frames).copy_(colours.Apply(video.narrow(1, start + done, frames)));
        }
        return matched.MoveToOuterDisposeScope();
    }
}
