using System.Text;

namespace Locutor.Media.Sniffing;

/// <summary>Recognises unsupported files and tells the user how to convert them.</summary>
internal static class ForeignKinds
{
    private const int Looked = 4096;

    private static readonly string[] Playlists =
    [
        "#EXT", "ffconcat", "[playlist]", "<MPD", "<smil", "<ASX", "v=0", "RTSPtext", "[Reference]"
    ];
    private static readonly string[] XmlPlaylists = ["<MPD", "<smil", "<ASX", "<SmoothStreamingMedia", "<playlist"];

    private static readonly (string Start, string Kind)[] Binaries =
    [
        ("%PDF", "a PDF document: export the page as PNG or JPEG"),
        ("PK\u0003\u0004", "a ZIP archive or an office document: extract the picture, sound or video from it"),
        ("Rar!", "a RAR archive: extract the file from it"),
        ("7z\u00BC\u00AF", "a 7z archive: extract the file from it"),
        ("\u001F\u008B", "a gzip archive: extract the file from it"),
        ("MThd", "a MIDI file, which holds notes and no sound: export it as WAV"),
        ("v/1\u0001", "an OpenEXR picture: export it as PNG"),
        ("SDPX", "a DPX picture: export it as PNG"),
        ("XPDS", "a DPX picture: export it as PNG"),
        ("#?RADIANCE", "a Radiance HDR picture: export it as PNG"),
        ("\0\0\u0001\0", "an icon (ICO): export it as PNG"),
        ("FUJIFILMCCD-RAW", "a camera's raw picture: export it as JPEG"),
        ("IIRO", "a camera's raw picture: export it as JPEG"),
        ("IIU\0", "a camera's raw picture: export it as JPEG"),
        ("\u007FELF", "a program"),
        ("MZ", "a program"),
        ("SQLite format 3", "a database"),
    ];

    /// <summary>Returns the kind of an unsupported file, for the error message.</summary>
    public static string Describe(ReadOnlySpan<byte> header)
    {
        if (header.Length > 0 && !header.ContainsAnyExcept((byte)0))
            return "nothing but zero bytes, which an unfinished download leaves";
        var start = header[..Math.Min(header.Length, Looked)];
        if (start.StartsWith(Encoding.UTF8.Preamble)) start = start[3..];
        string text = Encoding.Latin1.GetString(start);
        foreach (var (magic, kind) in Binaries)
        {
            if (text.StartsWith(magic, StringComparison.Ordinal)) return kind;
        }
        if (ContainerSniffer.IsIsoBrand(header, "crx ")) return "a camera's raw picture: export it as JPEG";
        bool isText = start.Length > 0 && !start[..Math.Min(start.Length, 64)].ContainsAnyExceptInRange((byte)9, (byte)126);
        return isText || text.TrimStart().StartsWith('<')
            ? Text(text.TrimStart())
            : $"unknown bytes {Convert.ToHexString(start[..Math.Min(start.Length, 8)])}";
    }

    private static string Text(string text)
    {
        bool Starts(string with) => text.StartsWith(with, StringComparison.OrdinalIgnoreCase);
        bool Holds(string what) => text.Contains(what, StringComparison.OrdinalIgnoreCase);
        if (Array.Exists(Playlists, Starts) || (Starts("<?xml") && Array.Exists(XmlPlaylists, Holds)))
            return "a playlist, which may name other files";
        if (Starts("version https://git-lfs")) return "a pointer of git-lfs, not the file itself: run 'git lfs pull' in its repository";
        if (Starts("<svg") || (Starts("<?xml") && Holds("<svg")) || (Starts("<!DOCTYPE svg"))) return "an SVG drawing: export it as PNG";
        if (Starts("<!DOCTYPE html") || Starts("<html") || (Starts("<") && Holds("<html")))
            return "a web page (HTML): save the file itself, not the page that shows it";
        if (Starts("<?xml") || Starts("<Error"))
            return Holds("<Error") ? "XML with an error message, which storage services send when a link has expired" : "XML";
        if (Starts("{") || Starts("[{")) return "JSON, which servers send with an error";
        return "text";
    }
}
