namespace Locutor.Media;

/// <summary>The values of <see cref="MediaException.Code"/>.</summary>
public static class MediaErrorCodes
{
    /// <summary>The file does not exist or is not readable.</summary>
    public const string FetchFailed = "fetch_failed";

    /// <summary>The file is damaged, or is not a supported picture, audio or video file.</summary>
    public const string UnsupportedMedia = "unsupported_media";

    /// <summary>The file exceeds one of <see cref="MediaLimits"/>.</summary>
    public const string TooLarge = "too_large";

    /// <summary>The audio is shorter than <see cref="MediaLimits.MinAudioSeconds"/>.</summary>
    public const string AudioTooShort = "audio_too_short";

    /// <summary>A tool exceeded its time limit.</summary>
    public const string Timeout = "timeout";

    /// <summary>An output cannot be written, because of its folder, its permissions, its kind or a full disk.</summary>
    public const string OutputFailed = "output_failed";

    /// <summary>A tool is missing or failed.</summary>
    public const string Internal = "internal";
}
