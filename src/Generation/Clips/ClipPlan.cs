namespace Locutor.Generation.Clips;

/// <summary>One denoised window of a video.</summary>
/// <param name="Index">0 for the first.</param>
/// <param name="Start">Video frame at which the window starts; below 0 where the first clip leads in.</param>
/// <param name="Overlap">Frames at its start that are not kept: the clip before gave them already, as motion frames, or the first clip leads in with them.</param>
/// <param name="Keep">Frames after the overlap that belong to the video; the last clip may run past its end.</param>
public readonly record struct Clip(int Index, int Start, int Overlap, int Keep);

/// <summary>Cuts a video of any length into overlapping clips of equal length.</summary>
/// <param name="TotalFrames">Of the video, at least 1, or <see cref="Open"/>.</param>
/// <param name="ClipFrames">4n + 1.</param>
/// <param name="MotionFrames">4n + 1, below <paramref name="ClipFrames"/>.</param>
/// <param name="LeadIn">Frames of the first clip that come before the video, at most <paramref name="MotionFrames"/>; they are not kept.</param>
public sealed record ClipPlan(int TotalFrames, int ClipFrames, int MotionFrames, int LeadIn = 0)
{
    /// <summary>Frames at the start of the first clip that are not kept; at least <see cref="LeadIn"/>.</summary>
    public int FirstOverlap { get; init; } = LeadIn;

    /// <summary>As <see cref="TotalFrames"/>: the video ends when its sound ends, and nobody knows when.</summary>
    public const int Open = int.MaxValue;

    private int Stride => ClipFrames - MotionFrames;

    /// <summary>Number of clips, for progress; 0 where nobody knows it.</summary>
    public int KnownCount => TotalFrames == Open ? 0 : Count;

    public int Count => TotalFrames <= ClipFrames - LeadIn ? 1 : 1 + (TotalFrames - ClipFrames + LeadIn + Stride - 1) / Stride;

    public IEnumerable<Clip> Clips() => Enumerable.Range(0, Count).Select(At);

    /// <summary>The clip of that index, 0 to <see cref="Count"/> - 1.</summary>
    public Clip At(int index)
    {
        int start = index * Stride - LeadIn, overlap = index == 0 ? FirstOverlap : MotionFrames;
        return new Clip(index, start, overlap, Math.Min(ClipFrames - overlap, TotalFrames - start - overlap));
    }
}
