namespace Locutor.Media;

public enum MediaStreamKind
{
    Video,
    Audio,

    /// <summary>A cover picture, subtitles, data.</summary>
    Other,
}

/// <summary>One stream of a file.</summary>
/// <param name="Index">In the file.</param>
/// <param name="Codec">ffmpeg's name, or "unknown".</param>
/// <param name="Width">Pixels as stored; 0 unless video.</param>
/// <param name="Height">Pixels as stored; 0 unless video.</param>
/// <param name="DisplayWidth">Pixels as shown: upright, and square.</param>
/// <param name="DisplayHeight">As <paramref name="DisplayWidth"/>.</param>
/// <param name="FramesPerSecond">Average; null where unknown.</param>
/// <param name="SampleRate">Hz; 0 unless audio.</param>
/// <param name="Channels">0 unless audio.</param>
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
    /// <summary>ffmpeg's name of the layout of the channels; null where the file names none.</summary>
    public string? ChannelLayout { get; init; }

    /// <summary>How pixels encode colours; of video alone.</summary>
    public StreamColour Colour { get; init; } = new();
}
