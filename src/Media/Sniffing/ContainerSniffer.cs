using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media;

/// <summary>Tells a container by its first bytes, never by the file's name.</summary>
/// <remarks>
/// What is not listed here is refused. Playlists (HLS, concat, DASH, M3U, PLS) are texts that name other files, and ffmpeg would open
/// those, so there is no rule for any of them.
/// </remarks>
internal static class ContainerSniffer
{
    /// <summary>Bytes of the file's start that <see cref="Sniff"/> should be given; enough to look behind an ID3 tag with a small picture.</summary>
    public const int HeaderBytes = 1 << 16;

    private static readonly (byte[] Magic, MediaContainer Container)[] Signatures =
    [
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], MediaContainer.Png),
        ([0xFF, 0xD8, 0xFF], MediaContainer.Jpeg),
        ("GIF87a"u8.ToArray(), MediaContainer.Gif),
        ("GIF89a"u8.ToArray(), MediaContainer.Gif),
        ([0x49, 0x49, 0x2A, 0x00], MediaContainer.Tiff),
        ([0x4D, 0x4D, 0x00, 0x2A], MediaContainer.Tiff),
        ([0x1A, 0x45, 0xDF, 0xA3], MediaContainer.Matroska),
        ([0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9], MediaContainer.Asf),
        ([0x00, 0x00, 0x01, 0xBA], MediaContainer.MpegProgram),
        ([0x72, 0x69, 0x66, 0x66, 0x2E, 0x91, 0xCF, 0x11], MediaContainer.Wave64),
        ("FLV\u0001"u8.ToArray(), MediaContainer.Flv),
        ("OggS"u8.ToArray(), MediaContainer.Ogg),
        ("fLaC"u8.ToArray(), MediaContainer.Flac),
        ("caff"u8.ToArray(), MediaContainer.CoreAudio),
    ];

    private static readonly string[] Playlists = ["#EXT", "ffconcat", "[playlist]", "<?xml", "<MPD", "<smil", "<ASX", "v=0", "RTSPtext", "[Reference]"];

    /// <summary>The container, or null when the bytes are none of ours.</summary>
    public static MediaContainer? Sniff(ReadOnlySpan<byte> header)
    {
        foreach (var (magic, container) in Signatures)
        {
            if (header.StartsWith(magic)) return container;
        }
        return Riff(header) ?? IsoMedia(header) ?? Bitmap(header) ?? Transport(header) ?? Sound(header);
    }

    /// <summary>What unknown bytes look like, for the message that refuses them.</summary>
    public static string Describe(ReadOnlySpan<byte> header)
    {
        var start = header[..Math.Min(header.Length, 64)];
        if (start.StartsWith(Encoding.UTF8.Preamble)) start = start[3..];
        string text = Encoding.Latin1.GetString(start).TrimStart();
        if (Array.Exists(Playlists, p => text.StartsWith(p, StringComparison.OrdinalIgnoreCase))) return "a playlist, which may name other files";
        if (IsIsoBrand(header, "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1")) return "an HEIC picture";
        bool isText = start.Length > 0 && !start.ContainsAnyExceptInRange((byte)9, (byte)126);
        return isText ? "text" : $"unknown bytes {Convert.ToHexString(start[..Math.Min(start.Length, 8)])}";
    }

    private static MediaContainer? Riff(ReadOnlySpan<byte> header)
    {
        if (header.Length < 12) return null;
        var kind = header[8..12];
        if (header.StartsWith("RIFF"u8) || header.StartsWith("RF64"u8) || header.StartsWith("BW64"u8))
        {
            if (kind.SequenceEqual("WAVE"u8)) return MediaContainer.Wav;
            if (kind.SequenceEqual("AVI "u8)) return MediaContainer.Avi;
            if (kind.SequenceEqual("WEBP"u8)) return MediaContainer.WebP;
        }
        return header.StartsWith("FORM"u8) && (kind.SequenceEqual("AIFF"u8) || kind.SequenceEqual("AIFC"u8)) ? MediaContainer.Aiff : null;
    }

    private static MediaContainer? IsoMedia(ReadOnlySpan<byte> header)
    {
        if (header.Length < 16) return null;
        if (header[4..8].SequenceEqual("ftyp"u8))
        {
            if (IsIsoBrand(header, "avif", "avis")) return MediaContainer.Avif;
            return IsIsoBrand(header, "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1") ? null : MediaContainer.Mp4;
        }
        ReadOnlySpan<byte> box = header[4..8];
        bool quickTime = box.SequenceEqual("moov"u8) || box.SequenceEqual("mdat"u8) || box.SequenceEqual("wide"u8)
            || box.SequenceEqual("free"u8) || box.SequenceEqual("skip"u8) || box.SequenceEqual("styp"u8);
        return quickTime ? MediaContainer.Mp4 : null;
    }

    /// <summary>Whether the major brand or, for general image brands, a compatible one of the ftyp box is among <paramref name="brands"/>.</summary>
    private static bool IsIsoBrand(ReadOnlySpan<byte> header, params ReadOnlySpan<string> brands)
    {
        if (header.Length < 16 || !header[4..8].SequenceEqual("ftyp"u8)) return false;
        int end = (int)Math.Min((uint)header.Length, BinaryPrimitives.ReadUInt32BigEndian(header));
        string major = Encoding.Latin1.GetString(header[8..12]);
        if (brands.Contains(major)) return true;
        if (major is not ("mif1" or "msf1" or "miaf")) return false;
        for (int at = 16; at + 4 <= end; at += 4)
        {
            if (brands.Contains(Encoding.Latin1.GetString(header.Slice(at, 4)))) return true;
        }
        return false;
    }

    private static MediaContainer? Bitmap(ReadOnlySpan<byte> header)
    {
        if (header.Length < 26 || !header.StartsWith("BM"u8)) return null;
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(header[14..]); // of the second header, which tells BMP from a text that starts with BM
        return size is 12 or 16 or 40 or 52 or 56 or 64 or 108 or 124 ? MediaContainer.Bmp : null;
    }

    private static MediaContainer? Transport(ReadOnlySpan<byte> header)
    {
        const int packet = 188;
        if (header.Length < 3 * packet) return null;
        return header[0] == 0x47 && header[packet] == 0x47 && header[2 * packet] == 0x47 ? MediaContainer.MpegTransport : null;
    }

    private static MediaContainer? Sound(ReadOnlySpan<byte> header)
    {
        if (header.StartsWith("ID3"u8) && header.Length > 10)
        {
            int tag = 10 + ((header[6] & 0x7F) << 21 | (header[7] & 0x7F) << 14 | (header[8] & 0x7F) << 7 | (header[9] & 0x7F));
            if (tag + 4 > header.Length) return MediaContainer.Mp3; // a long tag: nearly always MP3, and the demuxer has the last word
            header = header[tag..];
            if (header.StartsWith("fLaC"u8)) return MediaContainer.Flac;
            return Frame(header) ?? MediaContainer.Mp3;
        }
        return Frame(header);
    }

    private static MediaContainer? Frame(ReadOnlySpan<byte> header)
    {
        if (header.Length < 4 || header[0] != 0xFF || (header[1] & 0xE0) != 0xE0) return null;
        int layer = header[1] >> 1 & 3, version = header[1] >> 3 & 3, bitRate = header[2] >> 4, sampleRate = header[2] >> 2 & 3;
        if (layer == 0) return (header[1] & 0xF6) == 0xF0 && (header[2] >> 2 & 15) < 13 ? MediaContainer.Aac : null;
        return version != 1 && bitRate is > 0 and < 15 && sampleRate != 3 ? MediaContainer.Mp3 : null;
    }
}
