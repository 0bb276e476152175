namespace Locutor.Media.Video;

/// <summary>A container that a video can be written as, told by the extension of its name.</summary>
/// <param name="Extension">Without the dot.</param>
/// <param name="Muxer">ffmpeg's name.</param>
public sealed record VideoFormat(string Extension, string Muxer)
{
    public static VideoFormat Mp4 { get; } = new("mp4", "mp4");
    public static VideoFormat Mov { get; } = new("mov", "mov");
    public static VideoFormat Matroska { get; } = new("mkv", "matroska");
    public static VideoFormat WebM { get; } = new("webm", "webm");
    public static VideoFormat Gif { get; } = new("gif", "gif");

    public static IReadOnlyList<VideoFormat> All { get; } = [Mp4, Mov, Matroska, WebM, Gif];

    /// <summary>The extensions, for messages.</summary>
    public static string Extensions { get; } = string.Join(", ", All.Select(format => "." + format.Extension));

    /// <summary>Whether the container is built of boxes, as mp4 is: it then takes the label in a box of its own.</summary>
    public bool HasBoxes => this == Mp4 || this == Mov;

    public bool HasSound => this != Gif;

    public string ContentType => Extension switch { "mov" => "video/quicktime", "mkv" => "video/x-matroska", "gif" => "image/gif", _ => "video/" + Extension };

    /// <returns>Null for an extension that is not written.</returns>
    public static VideoFormat? ForName(string path)
    {
        string extension = Path.GetExtension(path).TrimStart('.');
        return All.FirstOrDefault(format => string.Equals(format.Extension, extension, StringComparison.OrdinalIgnoreCase));
    }
}
