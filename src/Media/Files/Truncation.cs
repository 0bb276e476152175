using System.Buffers.Binary;

namespace Locutor.Media.Files;

/// <summary>Detects whether an undecodable file ends before its own structure does, for example after an interrupted download.</summary>
internal static class Truncation
{
    private const int Tail = 4096, MostBoxes = 10_000;

    public static bool IsCut(MediaFile file)
    {
        try
        {
            using var stream = File.OpenRead(file.FullPath);
            return file.Container.Name switch
            {
                "JPEG" => !TailHolds(stream, [0xFF, 0xD9]),
                "PNG" => !TailHolds(stream, "IEND"u8),
                "GIF" => !TailHolds(stream, [0x3B], 8),
                "WebP" or "WAV" or "AVI" or "AIFF" => OuterChunk(stream, file.Container.Name == "AIFF") > stream.Length,
                "BMP" => Number(stream, 2, bigEndian: false) > stream.Length,
                "TIFF" => IsTiffCut(stream),
                "MP4" or "AVIF" or "HEIC" => IsBoxCut(stream),
                _ => false,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool TailHolds(FileStream stream, ReadOnlySpan<byte> mark, int bytes = Tail)
    {
        byte[] tail = new byte[Math.Min(bytes, stream.Length)];
        stream.Position = stream.Length - tail.Length;
        stream.ReadExactly(tail);
        return tail.AsSpan().LastIndexOf(mark) >= 0;
    }

    private static long OuterChunk(FileStream stream, bool bigEndian) => 8 + Number(stream, 4, bigEndian);

    private static bool IsTiffCut(FileStream stream)
    {
        stream.Position = 0;
        return Number(stream, 4, bigEndian: stream.ReadByte() == 'M') > stream.Length;
    }

    private static bool IsBoxCut(FileStream stream)
    {
        byte[] head = new byte[16];
        long at = 0;
        for (int box = 0; box < MostBoxes && at < stream.Length; box++)
        {
            stream.Position = at;
            if (stream.ReadAtLeast(head, 16, throwOnEndOfStream: false) < 8) return true;
            ulong size = BinaryPrimitives.ReadUInt32BigEndian(head);
            if (size == 0) return false; // the box extends to the end of the file
            if (size == 1) size = BinaryPrimitives.ReadUInt64BigEndian(head.AsSpan(8));
            if (size < 8) return false;
            if (size > (ulong)(stream.Length - at)) return true;
            at += (long)size;
        }
        return false;
    }

    private static long Number(FileStream stream, long at, bool bigEndian)
    {
        Span<byte> number = stackalloc byte[4];
        stream.Position = at;
        stream.ReadExactly(number);
        return bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(number) : BinaryPrimitives.ReadUInt32LittleEndian(number);
    }
}
