using System.Buffers.Binary;

namespace Locutor.Media.Pcm;

/// <summary>The header of a WAV file that is read from a stream while the file is still written.</summary>
/// <param name="Format">Format of the samples that follow; null if they cannot be read while they arrive.</param>
/// <param name="Bytes">Number of bytes of samples; null if the writer did not know it.</param>
/// <param name="Seen">All bytes that were read, for a reader that needs the whole file.</param>
public sealed record WavHeader(PcmFormat? Format, long? Bytes, byte[] Seen)
{
    /// <summary>
    /// Sizes of at least this value mean that the writer did not know the size: programs then write the largest possible one.
    /// </summary>
    internal const uint UnknownFrom = 0x7FFF_0000;

    private const int LargestChunk = 1 << 20, MostChunks = 64;
    private const int Pcm = 1, Float = 3, Extensible = 0xFFFE;

    /// <summary>Reads up to the first sample.</summary>
    public static async Task<WavHeader> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var seen = new MemoryStream();
        if (await NextAsync(12).ConfigureAwait(false) is not { } riff || !riff.AsSpan(0, 4).SequenceEqual("RIFF"u8)
            || !riff.AsSpan(8, 4).SequenceEqual("WAVE"u8))
        {
            return Other();
        }
        PcmFormat? format = null;
        for (int chunk = 0; chunk < MostChunks; chunk++)
        {
            if (await NextAsync(8).ConfigureAwait(false) is not { } head) return Other();
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(4));
            if (head.AsSpan(0, 4).SequenceEqual("data"u8)) return new(format, size is 0 or >= UnknownFrom ? null : size, seen.ToArray());
            if (size > LargestChunk || await NextAsync((int)(size + size % 2)).ConfigureAwait(false) is not { } content) return Other();
            if (head.AsSpan(0, 4).SequenceEqual("fmt "u8)) format = ParseFormat(content);
        }

        return Other();

        WavHeader Other() => new(null, null, seen.ToArray());

        async Task<byte[]?> NextAsync(int count)
        {
            byte[] bytes = new byte[count];
            int read = await stream.ReadAtLeastAsync(bytes, count, throwOnEndOfStream: false, cancellationToken).AsTask()
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            seen.Write(bytes, 0, read);
            return read == count ? bytes : null;
        }
    }

    /// <summary>Parses the chunk <c>fmt</c>; null for formats other than <see cref="PcmFormat"/>.</summary>
    internal static PcmFormat? ParseFormat(ReadOnlySpan<byte> chunk)
    {
        if (chunk.Length < 16) return null;
        int kind = BinaryPrimitives.ReadUInt16LittleEndian(chunk), bits = BinaryPrimitives.ReadUInt16LittleEndian(chunk[14..]);
        if (kind == Extensible && chunk.Length >= 26) kind = BinaryPrimitives.ReadUInt16LittleEndian(chunk[24..]); // the start of the GUID
        string coding = (kind, bits) switch
        {
            (Pcm, 16) => "s16le",
            (Pcm, 24) => "s24le",
            (Pcm, 32) => "s32le",
            (Float, 32) => "f32le",
            _ => "",
        };
        uint rate = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
        var format = new PcmFormat(coding, (int)Math.Min(rate, int.MaxValue), BinaryPrimitives.ReadUInt16LittleEndian(chunk[2..]));
        return format.IsValid && BinaryPrimitives.ReadUInt16LittleEndian(chunk[12..]) == format.FrameBytes ? format : null;
    }
}
