namespace Locutor.Training.Data;

/// <summary>The sizes of the rendered scenes on which networks are trained.</summary>
public sealed record ScriptOptions
{
    /// <summary>The height and width of a frame in pixels.</summary>
    public int Size { get; init; } = 128;

    /// <summary>The number of video frames of a clip, 4n + 1.</summary>
    public int ClipFrames { get; init; } = 33;

    /// <summary>The number of frames that a clip shares with the previous clip, 4n + 1.</summary>
    public int MotionFrames { get; init; } = 9;

    /// <summary>The number of clips per scene.</summary>
    public int Clips { get; init; } = 3;

    /// <summary>The number of frames from the start of one clip to the start of the next.</summary>
    public int Stride => ClipFrames - MotionFrames;

    /// <summary>The number of frames of a scene.</summary>
    public int Frames => ClipFrames + (Clips - 1) * Stride;

    public int FrameBytes => Size * Size * 3;
}
