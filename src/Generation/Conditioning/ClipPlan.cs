namespace Locutor.Generation.Conditioning;

/// <summary>One denoised window of a video.</summary>
/// <param name="Index">0 for the first.</param>
/// <param name="Start">Video frame at which the window starts.</param>
/// <param name="Overlap">Frames at its start that the clip before gave already: motion frames, not kept again. 0 for the first.</param>
/// <param name="Keep">Frames after the overlap that belong to the video; the last clip may run past its end.</param>
public readonly record struct Clip(int Index, int Start, int Overlap, int Keep);

/// <summary>Cuts a video of any length into overlapping clips of equal length.</summary>
/// <param name="TotalFrames">Of the video, at least 1.</param>
/// <param name="ClipFrames">4n + 1.</param>
/// <param name="MotionFrames">4n + 1, below <paramref name="ClipFrames"/>.</param>
public sealed record ClipPlan(int TotalFrames, int ClipFrames, int MotionFrames)
{
    private int Stride => ClipFrames - MotionFrames;

    public int Count => TotalFrames <= ClipFrames ? 1 : 1 + (TotalFrames - ClipFrames + Stride - 1) / Stride;

    public IEnumerable<Clip> Clips() => Enumerable.Range(0, Count).Select(At);

    /// <summary>The clip of that index, 0 to <see cref="Count"/> - 1.</summary>
    public Clip At(int index)
    {
        int start = index * Stride, overlap = index == 0 ? 0 : MotionFrames;
        return new Clip(index, start, overlap, Math.Min(ClipFrames - overlap, TotalFrames - start - overlap));
    }
}
