namespace Locutor.Media;

/// <summary>The claims of a file about itself. Durations and rates come from its header; decoding may find others.</summary>
/// <param name="Kind">Picture, video or audio.</param>
/// <param name="Container">Told by the bytes.</param>
/// <param name="Width">Of the picture or video as stored, in pixels; 0 for audio.</param>
/// <param name="Height">As <paramref name="Width"/>.</param>
/// <param name="FramesPerSecond">Of the video; null where unknown.</param>
/// <param name="Duration">Seconds; null where unknown and for pictures.</param>
/// <param name="Streams">In the order of the file; one for a picture.</param>
public sealed record MediaInfo(
    MediaKind Kind, MediaContainer Container, int Width, int Height, double? FramesPerSecond, double? Duration, IReadOnlyList<MediaStream> Streams)
{
    /// <summary>Number of frames of an animated picture; 1 for every other file.</summary>
    public int Frames { get; init; } = 1;

    /// <summary>The stream that is seen, if any.</summary>
    public MediaStream? Video => Streams.FirstOrDefault(s => s.Kind == MediaStreamKind.Video);

    /// <summary>The stream that is heard, if any.</summary>
    public MediaStream? Audio => Streams.FirstOrDefault(s => s.Kind == MediaStreamKind.Audio);
}
