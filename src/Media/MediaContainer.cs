namespace Locutor.Media;

/// <summary>How a file is packed, told by its bytes.</summary>
/// <param name="Name">As people call it: "PNG", "MP4".</param>
/// <param name="Demuxer">ffmpeg's name for it, which is forced so that nothing else can open the file.</param>
/// <param name="IsPicture">A still (or animated) picture rather than sound or video.</param>
public sealed record MediaContainer(string Name, string Demuxer, bool IsPicture = false)
{
    public static MediaContainer Png { get; } = new("PNG", "png_pipe", true);
    public static MediaContainer Jpeg { get; } = new("JPEG", "jpeg_pipe", true);
    public static MediaContainer Gif { get; } = new("GIF", "gif", true);
    public static MediaContainer Bmp { get; } = new("BMP", "bmp_pipe", true);
    public static MediaContainer Tiff { get; } = new("TIFF", "tiff_pipe", true);
    public static MediaContainer WebP { get; } = new("WebP", "webp_pipe", true);
    public static MediaContainer Avif { get; } = new("AVIF", "mov", true);
    public static MediaContainer Mp4 { get; } = new("MP4", "mov");
    public static MediaContainer Matroska { get; } = new("Matroska", "matroska");
    public static MediaContainer Avi { get; } = new("AVI", "avi");
    public static MediaContainer Flv { get; } = new("FLV", "flv");
    public static MediaContainer Asf { get; } = new("ASF", "asf");
    public static MediaContainer MpegTransport { get; } = new("MPEG-TS", "mpegts");
    public static MediaContainer MpegProgram { get; } = new("MPEG-PS", "mpeg");
    public static MediaContainer Ogg { get; } = new("Ogg", "ogg");
    public static MediaContainer Wav { get; } = new("WAV", "wav");
    public static MediaContainer Wave64 { get; } = new("Wave64", "w64");
    public static MediaContainer Aiff { get; } = new("AIFF", "aiff");
    public static MediaContainer CoreAudio { get; } = new("CAF", "caf");
    public static MediaContainer Flac { get; } = new("FLAC", "flac");
    public static MediaContainer Mp3 { get; } = new("MP3", "mp3");
    public static MediaContainer Aac { get; } = new("AAC", "aac");
}
