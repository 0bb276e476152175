namespace Locutor.Generation.Clips;

/// <summary>A window of a video that is denoised at once.</summary>
/// <param name="Index">Index of the clip, from 0.</param>
/// <param name="Start">Video frame at which the window starts; negative if the first clip has a lead-in.</param>
/// <param name="Overlap">Number of frames at the start that are not kept: motion frames of the preceding clip, or the lead-in of the first
/// clip.</param>
/// <param name="Keep">Number of frames after the overlap that belong to the video; the window of the last clip may extend beyond the
/// video.</param>
public readonly record struct Clip(int Index, int Start, int Overlap, int Keep)
{
    /// <summary>
    /// Returns the number of frames of the window that are needed: all of them, as the next clip repeats the last ones, or those of the
    /// video if it ends within the window.
    /// </summary>
    /// <param name="clipFrames">Number of frames of the window.</param>
    /// <param name="stride">The number is 1 more than a multiple of this.</param>
    public int FramesToDecode(int clipFrames, int stride) =>
        Math.Min(clipFrames, 1 + (Overlap + Keep - 1 + stride - 1) / stride * stride);
}

/// <summary>Divides a video of any length into overlapping clips of equal length.</summary>
/// <param name="TotalFrames">Number of frames in the video, at least 1, or <see cref="Open"/>.</param>
/// <param name="ClipFrames">Number of frames in a clip; 4n + 1.</param>
/// <param name="MotionFrames">Number of frames that a clip repeats from the preceding one; 4n + 1, below
/// <paramref name="ClipFrames"/>.</param>
/// <param name="LeadIn">Number of frames of the first clip before the start of the video, at most <paramref name="MotionFrames"/>; they are
/// not kept.</param>
public sealed record ClipPlan(int TotalFrames, int ClipFrames, int MotionFrames, int LeadIn = 0)
{
    /// <summary>Number of frames at the start of the first clip that are not kept; at least <see cref="LeadIn"/>.</summary>
    public int FirstOverlap { get; init; } = LeadIn;

    /// <summary>Value of <see cref="TotalFrames"/> for a video of unknown length, which ends when its audio ends.</summary>
    public const int Open = int.MaxValue;

    private int Stride => ClipFrames - MotionFrames;

    /// <summary>Number of clips, for progress; 0 if unknown.</summary>
    public int KnownCount => TotalFrames == Open ? 0 : Count;

    public int Count => TotalFrames <= ClipFrames - LeadIn ? 1 : 1 + (TotalFrames - ClipFrames + LeadIn + Stride - 1) / Stride;

    public IEnumerable<Clip> Clips() => Enumerable.Range(0, Count).Select(At);

    /// <summary>Returns the clip of that index, 0 to <see cref="Count"/> - 1.</summary>
    public Clip At(int index)
    {
        int start = index * Stride - LeadIn, overlap = index == 0 ? FirstOverlap : MotionFrames;
        return new Clip(index, start, overlap, Math.Min(ClipFrames - overlap, TotalFrames - start - overlap));
    }
}
