namespace Locutor;

/// <summary>One frame of a video with 25 frames per second.</summary>
/// <param name="Index">Index of the frame, from 0.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Rgb">
/// The pixels, <paramref name="Height"/> * <paramref name="Width"/> * 3 bytes: rows from top to bottom, pixels from left to right, red,
/// green, blue from 0 to 255. The memory belongs to the caller.
/// </param>
public sealed record VideoFrame(int Index, int Width, int Height, ReadOnlyMemory<byte> Rgb)
{
    /// <summary>Number of frames per second.</summary>
    public const int FramesPerSecond = 25;

    /// <summary>Time of the frame from the start of the voice.</summary>
    public TimeSpan Time => TimeSpan.FromSeconds((double)Index / FramesPerSecond);
}

/// <summary>A written video file.</summary>
/// <param name="Path">Path of the file.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Frames">Number of frames of the file.</param>
/// <param name="Duration">Duration of the video.</param>
/// <param name="Seed">The seed. A request with it and equal inputs and settings gives the same video on this machine.</param>
public sealed record TalkingVideoResult(string Path, int Width, int Height, int Frames, TimeSpan Duration, long Seed)
{
    /// <summary>Messages for the user about this video, for example that the picture was cropped; usually empty.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];
}
