namespace Locutor.Media;

/// <summary>Limits of files from outside. A file beyond one of them is refused as <see cref="MediaErrorCodes.TooLarge"/>.</summary>
public sealed record MediaLimits
{
    public static MediaLimits Default { get; } = new();

    public long MaxFileBytes { get; init; } = 4L << 30;

    /// <summary>Longest side of a picture or frame, in pixels.</summary>
    public int MaxSide { get; init; } = 30_000;

    public long MaxPicturePixels { get; init; } = 100_000_000;

    /// <summary>Frames of an animated picture, of which only the first is used.</summary>
    public int MaxPictureFrames { get; init; } = 10_000;

    /// <summary>Pixels of one video frame; the default is that of 8K.</summary>
    public long MaxFramePixels { get; init; } = 7680L * 4320;

    public int MaxStreams { get; init; } = 32;

    /// <summary>Length of a sound or video, in seconds.</summary>
    public double MaxSeconds { get; init; } = 2 * 60 * 60;

    /// <summary>Shortest sound, in seconds; less is refused as <see cref="MediaErrorCodes.AudioTooShort"/>.</summary>
    public double MinAudioSeconds { get; init; } = 0.1;

    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For a whole picture or sound.</summary>
    public TimeSpan DecodeTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a tool may neither give nor take a frame.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
