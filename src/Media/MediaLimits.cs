namespace Locutor.Media;

/// <summary>Limits for untrusted files. A file that exceeds one of them is refused with <see cref="MediaErrorCodes.TooLarge"/>.</summary>
public sealed record MediaLimits
{
    public static MediaLimits Default { get; } = new();

    public long MaxFileBytes { get; init; } = 4L << 30;

    /// <summary>Longest side of a picture or frame in pixels.</summary>
    public int MaxSide { get; init; } = 30_000;

    public long MaxPicturePixels { get; init; } = 100_000_000;

    /// <summary>Largest number of frames in an animated picture, of which only the first is used.</summary>
    public int MaxPictureFrames { get; init; } = 10_000;

    /// <summary>Largest number of pixels in a video frame; the default is that of 8K.</summary>
    public long MaxFramePixels { get; init; } = 7680L * 4320;

    public int MaxStreams { get; init; } = 32;

    /// <summary>Longest duration of audio or video in seconds.</summary>
    public double MaxSeconds { get; init; } = 2 * 60 * 60;

    /// <summary>Shortest duration of audio in seconds; shorter audio is refused with <see cref="MediaErrorCodes.AudioTooShort"/>.</summary>
    public double MinAudioSeconds { get; init; } = 0.1;

    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time limit for decoding a whole picture or audio track.</summary>
    public TimeSpan DecodeTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Time limit for a tool to deliver or accept one frame.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
