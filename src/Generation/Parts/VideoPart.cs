namespace Locutor.Generation.Parts;

/// <summary>A range of frames that is generated on its own, as the part of a longer video.</summary>
/// <param name="First">The first frame of the part, counted from the start of the video.</param>
/// <param name="Count">Number of frames, at least 1.</param>
public readonly record struct VideoPart(int First, int Count)
{
    /// <summary>The frame after the last one.</summary>
    public int End => First + Count;

    /// <summary>
    /// The frames, counted from the start of the part, at which its file is cut when it is joined: those that it has in common with the
    /// parts around it are encoded again.
    /// </summary>
    public IReadOnlyList<int> CutFrames => [Math.Min(PartPlan.SharedFrames, Count - 1), Math.Max(0, Count - PartPlan.SharedFrames)];
}
