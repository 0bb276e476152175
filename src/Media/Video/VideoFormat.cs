namespace Locutor.Media.Video;

/// <summary>A container format for videos that are written, chosen by the file extension.</summary>
/// <param name="Extension">Extension without the dot.</param>
/// <param name="Muxer">ffmpeg's name of the muxer.</param>
public sealed record VideoFormat(string Extension, string Muxer)
{
    public static VideoFormat Mp4 { get; } = new("mp4", "mp4");
    public static VideoFormat Mov { get; } = new("mov", "mov");
    public static VideoFormat Matroska { get; } = new("mkv", "matroska");
    public static VideoFormat WebM { get; } = new("webm", "webm");
    public static VideoFormat Gif { get; } = new("gif", "gif");

    public static IReadOnlyList<VideoFormat> All { get; } = [Mp4, Mov, Matroska, WebM, Gif];

    /// <summary>All extensions, for messages.</summary>
    public static string Extensions { get; } = string.Join(", ", All.Select(format => "." + format.Extension));

    /// <summary>True if the container consists of boxes, like mp4; the label is then in its own box.</summary>
    public bool HasBoxes => this == Mp4 || this == Mov;

    public bool HasSound => this != Gif;

    public string ContentType =>
        Extension switch { "mov" => "video/quicktime", "mkv" => "video/x-matroska", "gif" => "image/gif", _ => "video/" + Extension };

    /// <summary>Returns the format for the extension of a path.</summary>
    /// <returns>Null if the extension is not supported.</returns>
    public static VideoFormat? ForName(string path)
    {
        string extension = Path.GetExtension(path).TrimStart('.');
        return All.FirstOrDefault(format => string.Equals(format.Extension, extension, StringComparison.OrdinalIgnoreCase));
    }
}
