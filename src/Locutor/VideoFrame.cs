namespace Locutor;

/// <summary>One frame of a video, 25 to the second.</summary>
/// <param name="Index">0 for the first frame.</param>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgb">
/// The pixels: <paramref name="Height"/> rows from the top, each of <paramref name="Width"/> pixels from the left, each of 3 bytes red,
/// green, blue from 0 to 255. The memory belongs to the caller.
/// </param>
public sealed record VideoFrame(int Index, int Width, int Height, ReadOnlyMemory<byte> Rgb)
{
    /// <summary>Frames of a second.</summary>
    public const int FramesPerSecond = 25;

    /// <summary>When the frame is shown, from the start of the voice.</summary>
    public TimeSpan Time => TimeSpan.FromSeconds((double)Index / FramesPerSecond);
}

/// <summary>A video that was written.</summary>
/// <param name="Path">The file.</param>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Height">Rows of a frame.</param>
/// <param name="Frames">Frames of the video, 25 to the second.</param>
/// <param name="Duration">Length of the voice.</param>
/// <param name="Seed">The seed: with it, the same inputs and settings give the same video on this machine.</param>
public sealed record TalkingVideoResult(string Path, int Width, int Height, int Frames, TimeSpan Duration, long Seed)
{
    /// <summary>Sentences for the user about this video, such as a crop of the picture.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];
}
