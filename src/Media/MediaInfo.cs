namespace Locutor.Media;

/// <summary>Properties of a media file. Duration and rates come from its header; decoding may find other values.</summary>
/// <param name="Kind">Picture, video or audio.</param>
/// <param name="Container">Container, detected by the bytes.</param>
/// <param name="Width">Stored width of the picture or video in pixels; 0 for audio.</param>
/// <param name="Height">Stored height of the picture or video in pixels; 0 for audio.</param>
/// <param name="FramesPerSecond">Frame rate of the video; null if unknown.</param>
/// <param name="Duration">Duration in seconds; null if unknown, and for pictures.</param>
/// <param name="Streams">Streams in file order; one for a picture.</param>
public sealed record MediaInfo(
    MediaKind Kind, MediaContainer Container, int Width, int Height, double? FramesPerSecond, double? Duration,
    IReadOnlyList<MediaStream> Streams)
{
    /// <summary>Number of frames of an animated picture; 1 for every other file.</summary>
    public int Frames { get; init; } = 1;

    /// <summary>The video stream that players show; null if there is none.</summary>
    public MediaStream? Video => Streams.FirstOrDefault(s => s.Kind == MediaStreamKind.Video);

    /// <summary>The audio stream that players play; null if there is none.</summary>
    public MediaStream? Audio => Streams.FirstOrDefault(s => s.Kind == MediaStreamKind.Audio);
}
