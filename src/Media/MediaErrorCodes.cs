namespace Locutor.Media;

/// <summary>The words that <see cref="MediaException.Code"/> takes.</summary>
public static class MediaErrorCodes
{
    /// <summary>There is no such file, or it may not be read.</summary>
    public const string FetchFailed = "fetch_failed";

    /// <summary>Not a picture, sound or video that can be read, or a damaged one.</summary>
    public const string UnsupportedMedia = "unsupported_media";

    /// <summary>Beyond one of <see cref="MediaLimits"/>.</summary>
    public const string TooLarge = "too_large";

    /// <summary>Less sound than <see cref="MediaLimits.MinAudioSeconds"/>.</summary>
    public const string AudioTooShort = "audio_too_short";

    /// <summary>A tool took longer than it may.</summary>
    public const string Timeout = "timeout";

    /// <summary>An output cannot be written: its folder, its rights, its kind, a full disk.</summary>
    public const string OutputFailed = "output_failed";

    /// <summary>A tool is missing or broke.</summary>
    public const string Internal = "internal";
}
