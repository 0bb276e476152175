using System.Buffers.Binary;
using Locutor.Media.Files;

namespace Locutor.Media.Pcm;

/// <summary>
/// A whole WAV file of one or two channels of plain samples. It is described and measured, and read at its own sample rate, without ffprobe
/// and ffmpeg. Each start of these programs takes 60 ms of CPU time, and most voices are such files.
/// </summary>
/// <param name="Format">Format of the samples.</param>
/// <param name="Start">Position of the first sample in the file.</param>
/// <param name="Bytes">Number of bytes of samples.</param>
internal sealed record PlainWav(PcmFormat Format, long Start, long Bytes)
{
    private const int HeadBytes = 8, LargestFormat = 64, PieceBytes = 1 << 16;

    /// <summary>Description of the file, equal to ffprobe's.</summary>
    public MediaInfo Describe()
    {
        var stream = new MediaStream(
            0, MediaStreamKind.Audio, "pcm_" + Format.Coding, SampleRate: Format.SampleRate, Channels: Format.Channels);
        double seconds = (double)(Bytes / Format.FrameBytes) / Format.SampleRate;
        return new MediaInfo(MediaKind.Audio, MediaContainer.Wav, 0, 0, null, seconds, [stream]);
    }

    /// <summary>
    /// Reads the interleaved samples of all channels and calls <paramref name="append"/> with one piece after the other. Returns false if
    /// the file has become shorter than its header says.
    /// </summary>
    public async Task<bool> ReadAsync(MediaFile file, Action<ReadOnlySpan<float>> append, CancellationToken cancellationToken)
    {
        var stream = Open(file);
        await using var disposal = stream.ConfigureAwait(false);
        byte[] buffer = new byte[PieceBytes / Format.FrameBytes * Format.FrameBytes];
        for (long left = Bytes; left > 0;)
        {
            var piece = buffer.AsMemory(0, (int)Math.Min(buffer.Length, left));
            int read = await stream.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
            append(Format.ToFloats(piece.Span[..(read - read % Format.FrameBytes)]));
            if (read < piece.Length) return false;
            left -= read;
        }
        return true;
    }

    /// <summary>Opens the file at its first sample.</summary>
    public FileStream Open(MediaFile file)
    {
        var stream = File.OpenRead(file.FullPath);
        stream.Position = Start;
        return stream;
    }

    /// <summary>
    /// Reads the header of a file. Returns null for all that this program leaves to ffprobe: other containers, more channels, other
    /// formats, samples that are cut off or of unknown length, and chunks that may hold a picture or other samples.
    /// </summary>
    public static PlainWav? Find(MediaFile file)
    {
        if (file.Container != MediaContainer.Wav || file.Zeros > 0) return null;
        try
        {
            using var stream = File.OpenRead(file.FullPath);
            return Find(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // ffprobe reports the reason
        }
    }

    private static PlainWav? Find(FileStream stream)
    {
        Span<byte> head = stackalloc byte[12];
        if (!Fill(stream, head) || !head.StartsWith("RIFF"u8)) return null;
        PcmFormat? format = null;
        while (Fill(stream, head[..HeadBytes]))
        {
            long size = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]), start = stream.Position, end = start + size + size % 2;
            if (head.StartsWith("data"u8))
            {
                bool whole = size > 0 && (end == stream.Length || start + size == stream.Length);
                return whole && format is not null && size % format.FrameBytes == 0 ? new(format, start, size) : null;
            }
            if (head.StartsWith("fmt "u8))
            {
                byte[] content = new byte[Math.Min(size, LargestFormat)];
                if (!Fill(stream, content)) return null;
                format = WavHeader.ParseFormat(content);
            }
            else if (!head.StartsWith("LIST"u8) && !head.StartsWith("fact"u8))
            {
                return null;
            }
            stream.Position = end;
        }
        return null;
    }

    private static bool Fill(FileStream stream, Span<byte> bytes) =>
        stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;
}
