namespace Locutor.Generation.Parts;

/// <summary>A range of frames of a longer video that is generated separately.</summary>
/// <param name="First">The first frame of the part, counted from the start of the video.</param>
/// <param name="Count">Number of frames, at least 1.</param>
public readonly record struct VideoPart(int First, int Count)
{
    /// <summary>The frame after the last one.</summary>
    public int End => First + Count;

    /// <summary>
    /// The frames, counted from the start of the part, at which its file is cut when parts are joined: after the frames that it shares with
    /// the preceding part, and before those that it shares with the next. Shared frames are encoded again.
    /// </summary>
    public IReadOnlyList<int> CutFrames => [Math.Min(PartPlan.SharedFrames, Count - 1), Math.Max(0, Count - PartPlan.SharedFrames)];
}
