using Locutor.Generation.Correction;
using static TorchSharp.torch;

namespace Locutor.Generation.Clips;

/// <summary>A decoded clip. Only the motion frames, which the next clip needs, have been colour corrected.</summary>
/// <param name="Clip">The window of the clip.</param>
/// <param name="Video">[3, clip frames, H, W] before colour correction, on the device.</param>
/// <param name="Motion">[3, motion frames, H, W] after colour correction, on the CPU.</param>
internal sealed record DecodedClip(Clip Clip, Tensor Video, Tensor Motion) : IDisposable
{
    /// <summary>
    /// Number of pixels (frames x height x width) that are colour corrected together; it limits the memory of the float64 computation.
    /// </summary>
    private const long MatchedAtOnce = 8 * 640 * 640;

    /// <summary>Creates a clip and applies the colour correction to its motion frames.</summary>
    /// <param name="clip">The window of the clip.</param>
    /// <param name="video">The decoded frames; disposed with the clip.</param>
    /// <param name="motionFrames">Number of motion frames at the end.</param>
    /// <param name="colours">The colour correction.</param>
    public static DecodedClip Create(Clip clip, Tensor video, int motionFrames, ColourMatch colours)
    {
        using var scope = NewDisposeScope();
        long frames = video.shape[1], count = Math.Min(motionFrames, frames);
        // Copies to the standard memory layout, whatever layout the decoder returned: results in libtorch depend on the layout, and a run
        // that resumes from stored frames has to give identical bits.
        var motion = empty([3, count, video.shape[2], video.shape[3]], ScalarType.Float32);
        Match(video.narrow(1, frames - count, count), motion, colours);
        return new DecodedClip(clip, video, motion.MoveToOuterDisposeScope());
    }

    private bool corrected;
    private Tensor? bytes; // the new frames as 8-bit R, G, B on the CPU

    /// <summary>
    /// Corrects the colours of the new frames and converts them to 8 bits at once. On a GPU, do this before the next clip begins: both
    /// steps wait for the GPU several times, and each wait would include the work that the next clip has queued.
    /// </summary>
    /// <param name="colours">The colour correction.</param>
    public void Complete(ColourMatch colours)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        bytes = GeneratedClip.ToBytes(Corrected(colours)).DetachFromDisposeScope();
    }

    /// <summary>Returns the new frames after colour correction, in the memory of <see cref="Video"/>. Call it once.</summary>
    public GeneratedClip Finish(ColourMatch colours)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var clip = new GeneratedClip(
            Clip, Corrected(colours).MoveToOuterDisposeScope(), Motion.clone().MoveToOuterDisposeScope())
        { Bytes = bytes };
        bytes = null;
        return clip;
    }

    private Tensor Corrected(ColourMatch colours)
    {
        var kept = Video.narrow(1, Clip.Overlap, Clip.Keep);
        if (corrected) return kept;
        long motionStart = Video.shape[1] - Motion.shape[1], end = Clip.Overlap + Clip.Keep;
        long plain = Math.Max(0, Math.Min(end, motionStart) - Clip.Overlap), known = Clip.Keep - plain;
        using var first = kept.narrow(1, 0, plain);
        Match(first, first, colours);
        if (known > 0) kept.narrow(1, plain, known).copy_(Motion.narrow(1, end - known - motionStart, known));
        corrected = true;
        return kept;
    }

    public void Dispose()
    {
        Video.Dispose();
        Motion.Dispose();
        bytes?.Dispose();
    }

    private static void Match(Tensor video, Tensor into, ColourMatch colours)
    {
        using var still = no_grad();
        long count = video.shape[1], atOnce = Math.Max(1, MatchedAtOnce / (video.shape[2] * video.shape[3]));
        for (long done = 0; done < count; done += atOnce)
        {
            using var scope = NewDisposeScope();
            long frames = Math.Min(atOnce, count - done);
            into.narrow(1, done, frames).copy_(colours.Apply(video.narrow(1, done, frames)));
        }
    }
}
