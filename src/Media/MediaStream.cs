namespace Locutor.Media;

/// <summary>Kind of a stream.</summary>
public enum MediaStreamKind
{
    Video,
    Audio,

    /// <summary>A cover picture, subtitles or data.</summary>
    Other,
}

/// <summary>One stream of a file.</summary>
/// <param name="Index">Index in the file.</param>
/// <param name="Kind">Video, audio or other.</param>
/// <param name="Codec">ffmpeg's name of the codec, or "unknown".</param>
/// <param name="Width">Stored width in pixels; 0 unless video.</param>
/// <param name="Height">Stored height in pixels; 0 unless video.</param>
/// <param name="DisplayWidth">Displayed width in pixels, upright and with square pixels.</param>
/// <param name="DisplayHeight">Displayed height in pixels, upright and with square pixels.</param>
/// <param name="FramesPerSecond">Average frame rate; null if unknown.</param>
/// <param name="SampleRate">Sample rate in Hz; 0 unless audio.</param>
/// <param name="Channels">Number of channels; 0 unless audio.</param>
public sealed record MediaStream(
    int Index,
    MediaStreamKind Kind,
    string Codec,
    int Width = 0,
    int Height = 0,
    int DisplayWidth = 0,
    int DisplayHeight = 0,
    double? FramesPerSecond = null,
    int SampleRate = 0,
    int Channels = 0)
{
    /// <summary>ffmpeg's name of the channel layout; null if the file names none.</summary>
    public string? ChannelLayout { get; init; }

    /// <summary>Colour encoding of the pixels; for video only.</summary>
    public StreamColour Colour { get; init; } = new();
}
