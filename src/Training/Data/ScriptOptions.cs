namespace Locutor.Training.Data;

/// <summary>Sizes of the rendered scenes that networks are trained on.</summary>
public sealed record ScriptOptions
{
    /// <summary>Height and width of a frame.</summary>
    public int Size { get; init; } = 128;

    /// <summary>Video frames of a clip, 4n + 1.</summary>
    public int ClipFrames { get; init; } = 33;

    /// <summary>Frames that a clip shares with the one before it, 4n + 1.</summary>
    public int MotionFrames { get; init; } = 9;

    /// <summary>Clips of one scene.</summary>
    public int Clips { get; init; } = 3;

    /// <summary>Frames from the start of one clip to the start of the next.</summary>
    public int Stride => ClipFrames - MotionFrames;

    /// <summary>Frames of a scene.</summary>
    public int Frames => ClipFrames + (Clips - 1) * Stride;

    public int FrameBytes => Size * Size * 3;
}
