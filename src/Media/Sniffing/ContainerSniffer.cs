using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media.Sniffing;

/// <summary>Detects a container by its first bytes, never by the file's name.</summary>
/// <remarks>
/// Unlisted containers are refused. Playlists (HLS, concat, DASH, M3U, PLS) are texts that name other files, which ffmpeg would open, so
/// there is no rule for any of them.
/// </remarks>
internal static class ContainerSniffer
{
    /// <summary>
    /// Number of bytes at the start of the file that <see cref="Sniff"/> needs; enough to look behind an ID3 tag with a small picture.
    /// </summary>
    public const int HeaderBytes = 1 << 16;

    private const int LargestTargaSide = 30_000;

    /// <summary>Returns the container, or null if it is unknown.</summary>
    public static MediaContainer? Sniff(ReadOnlySpan<byte> header) =>
        Signatures.Find(header)
            ?? Riff(header)
            ?? IsoMedia(header)
            ?? Bitmap(header)
            ?? PortableMap(header)
            ?? Paintbrush(header)
            ?? DigitalVideo(header)
            ?? NetworkUnits(header)
            ?? Transport(header)
            ?? SoundFrames.Find(header)
            ?? Targa(header);

    /// <summary>
    /// True if the ftyp box has one of <paramref name="brands"/> as its major brand or, for general image brands, as a compatible brand.
    /// </summary>
    public static bool IsIsoBrand(ReadOnlySpan<byte> header, params ReadOnlySpan<string> brands)
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

    private static MediaContainer? Riff(ReadOnlySpan<byte> header)
    {
        if (header.Length < 12) return null;
        var kind = header[8..12];
        if (header.StartsWith("RIFF"u8) || header.StartsWith("RF64"u8) || header.StartsWith("BW64"u8) || header.StartsWith("RIFX"u8))
        {
            if (kind.SequenceEqual("WAVE"u8)) return MediaContainer.Wav;
            if (kind.SequenceEqual("AVI "u8)) return MediaContainer.Avi;
            if (kind.SequenceEqual("WEBP"u8)) return MediaContainer.WebP;
            if (kind.SequenceEqual("QLCM"u8)) return MediaContainer.Qcelp;
        }
        if (!header.StartsWith("FORM"u8)) return null;
        if (kind.SequenceEqual("AIFF"u8) || kind.SequenceEqual("AIFC"u8)) return MediaContainer.Aiff;
        return kind.SequenceEqual("8SVX"u8) ? MediaContainer.Amiga : null;
    }

    private static MediaContainer? IsoMedia(ReadOnlySpan<byte> header)
    {
        if (header.Length < 16) return null;
        if (header[4..8].SequenceEqual("ftyp"u8))
        {
            if (IsIsoBrand(header, "avif", "avis")) return MediaContainer.Avif;
            if (IsIsoBrand(header, "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1")) return MediaContainer.Heic;
            return IsIsoBrand(header, "crx ") ? null : MediaContainer.Mp4; // crx is the raw picture of a camera
        }
        var box = header[4..8];
        bool quickTime = box.SequenceEqual("moov"u8) || box.SequenceEqual("mdat"u8) || box.SequenceEqual("wide"u8)
            || box.SequenceEqual("free"u8) || box.SequenceEqual("skip"u8) || box.SequenceEqual("styp"u8) || box.SequenceEqual("pnot"u8);
        return quickTime ? MediaContainer.Mp4 : null;
    }

    private static MediaContainer? Bitmap(ReadOnlySpan<byte> header)
    {
        if (header.Length < 26 || !header.StartsWith("BM"u8)) return null;
        // Size of the second header, which distinguishes BMP from a text that starts with BM.
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(header[14..]);
        return size is 12 or 16 or 40 or 52 or 56 or 64 or 108 or 124 ? MediaContainer.Bmp : null;
    }

    private static MediaContainer? PortableMap(ReadOnlySpan<byte> header)
    {
        if (header.Length < 8 || header[0] != 'P' || !char.IsWhiteSpace((char)header[2])) return null;
        return header[1] switch
        {
            (byte)'1' or (byte)'4' => MediaContainer.Pbm,
            (byte)'2' or (byte)'5' => MediaContainer.Pgm,
            (byte)'3' or (byte)'6' => MediaContainer.Ppm,
            (byte)'7' => MediaContainer.Pam,
            _ => null,
        };
    }

    /// <summary>Detects PCX: 10, version, run-length encoding, bits per plane; the byte before the number of planes is reserved.</summary>
    private static MediaContainer? Paintbrush(ReadOnlySpan<byte> header) =>
        header.Length >= 128 && header[0] == 10 && header[1] <= 5 && header[2] == 1 && header[3] is 1 or 2 or 4 or 8 && header[64] == 0
            && header[65] is >= 1 and <= 4
            ? MediaContainer.Pcx
            : null;

    /// <summary>Detects DV by the header section of a DIF sequence, SMPTE 314M.</summary>
    private static MediaContainer? DigitalVideo(ReadOnlySpan<byte> header) =>
        header.Length >= 480 && header[0] == 0x1F && header[1] == 0x07 && header[2] == 0 && (header[3] & 0x7F) == 0x3F
            && header[80] >> 5 == 1
            ? MediaContainer.Dv
            : null;

    /// <summary>Detects H.264 or HEVC without a container: the first unit is a delimiter or a parameter set.</summary>
    private static MediaContainer? NetworkUnits(ReadOnlySpan<byte> header)
    {
        int start = header.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 1]) ? 4 : header.StartsWith((ReadOnlySpan<byte>)[0, 0, 1]) ? 3 : -1;
        if (start < 0 || header.Length < start + 2) return null;
        if (header[start] is 0x40 or 0x46 && header[start + 1] == 1) return MediaContainer.Hevc;
        return (header[start] & 0x9F) is 7 or 9 ? MediaContainer.H264 : null;
    }

    /// <summary>
    /// Detects MPEG-TS: packets of 188 bytes, with a timestamp before each (camcorders, 192 bytes) or check bytes after it (broadcast, 204
    /// bytes).
    /// </summary>
    private static MediaContainer? Transport(ReadOnlySpan<byte> header)
    {
        foreach (int packet in (ReadOnlySpan<int>)[188, 192, 204])
        {
            int first = packet == 192 ? 4 : 0;
            if (header.Length >= first + 3 * packet && header[first] == 0x47 && header[first + packet] == 0x47
                && header[first + 2 * packet] == 0x47)
            {
                return MediaContainer.MpegTransport;
            }
        }
        return null;
    }

    /// <summary>Detects TGA. It has no signature, so its fields are checked for consistency.</summary>
    private static MediaContainer? Targa(ReadOnlySpan<byte> header)
    {
        if (header.Length < 18) return null;
        bool palette = header[2] is 1 or 9, colours = header[2] is 2 or 10, grey = header[2] is 3 or 11;
        int width = BinaryPrimitives.ReadUInt16LittleEndian(header[12..]),
            height = BinaryPrimitives.ReadUInt16LittleEndian(header[14..]), bits = header[16];
        bool depth = palette
            ? bits == 8 && header[7] is 15 or 16 or 24 or 32
            : colours ? bits is 15 or 16 or 24 or 32
            : grey && bits is 8 or 16;
        return depth && header[1] == (palette ? 1 : 0) && header[17] >> 6 == 0 && width is > 0 and <= LargestTargaSide
            && height is > 0 and <= LargestTargaSide
            ? MediaContainer.Targa
            : null;
    }
}
