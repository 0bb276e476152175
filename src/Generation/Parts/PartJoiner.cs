using Locutor.Media;
using Locutor.Media.Video.Segments;

namespace Locutor.Generation.Parts;

/// <summary>
/// Writes a video from the files of its parts. The frames stay as they are encoded; only the frames that two parts have in common, over
/// which the earlier part fades into the later one, are encoded here, and parts whose encoder differs from the one of this machine.
/// </summary>
public sealed class PartJoiner : IDisposable
{
    /// <summary>Largest number of frames in a segment.</summary>
    public const int LongestSegment = 250;

    private const int SegmentBytes = 128 << 20, LeastFrames = 25; // of a segment that is encoded here, whose frames are in memory

    private readonly IReadOnlyList<FinishedPart> parts;
    private readonly FragmentedFile?[] files;
    private readonly (int Height, int Width) size;
    private readonly MediaLimits limits;

    /// <summary>Opens the files.</summary>
    /// <param name="parts">The parts in order; each begins before the end of the one before it, or at its end.</param>
    /// <param name="size">Height and width of the video.</param>
    /// <param name="limits">Limits of the files.</param>
    /// <exception cref="MediaException">A file has another length than its part.</exception>
    public PartJoiner(IReadOnlyList<FinishedPart> parts, (int Height, int Width) size, MediaLimits limits)
    {
        (this.parts, this.size, this.limits) = (parts, size, limits);
        files = new FragmentedFile?[parts.Count];
        try
        {
            for (int i = 0; i < files.Length; i++) files[i] = parts[i].OpenForCopies();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Number of frames that were encoded here so far.</summary>
    public int FramesEncoded { get; private set; }

    /// <summary>Writes all frames.</summary>
    /// <param name="writer">The writer, whose longest segment is <see cref="LongestSegment"/>.</param>
    /// <param name="progress">Receives the number of written frames.</param>
    /// <param name="cancellationToken">Cancels; the writer can then only be disposed.</param>
    /// <exception cref="MediaException">A file cannot be read, or it has another size or length than its part.</exception>
    public async Task WriteAsync(SegmentedVideoWriter writer, Action<int> progress, CancellationToken cancellationToken)
    {
        for (int i = 0; i < parts.Count; i++)
        {
            int shared = i == 0 ? 0 : parts[i - 1].Part.End - parts[i].Part.First;
            int end = i + 1 < parts.Count ? parts[i + 1].Part.First - parts[i].Part.First : parts[i].Part.Count;
            if (shared > 0) await WriteFadeAsync(writer, i, shared, cancellationToken).ConfigureAwait(false);
            for (int at = shared; at < end;)
            {
                at += await WriteSegmentAsync(writer, i, at, end, cancellationToken).ConfigureAwait(false);
                progress(writer.FramesWritten);
            }
        }
    }

    public void Dispose()
    {
        foreach (var file in files) file?.Dispose();
    }

    /// <summary>Writes one segment of a part, or the rest of a part that has to be encoded.</summary>
    /// <returns>The number of frames.</returns>
    private async Task<int> WriteSegmentAsync(
        SegmentedVideoWriter writer, int part, int first, int end, CancellationToken cancellationToken)
    {
        if (files[part]?.Read(first, end, LongestSegment) is { } piece
            && await writer.TryCopyClipAsync(piece, cancellationToken).ConfigureAwait(false))
        {
            return piece.Frames;
        }
        int longest = Math.Clamp(SegmentBytes / (3 * size.Height * size.Width), LeastFrames, LongestSegment);
        var segment = new List<byte[]>();
        await foreach (byte[] frame in DecodeAsync(part, first, end - first, cancellationToken).ConfigureAwait(false))
        {
            segment.Add(frame);
            if (segment.Count < longest) continue;
            await EncodeAsync(writer, segment, cancellationToken).ConfigureAwait(false);
            segment.Clear();
        }
        if (segment.Count > 0) await EncodeAsync(writer, segment, cancellationToken).ConfigureAwait(false);
        return end - first;
    }

    /// <summary>Writes the frames that a part has in common with the one before it.</summary>
    private async Task WriteFadeAsync(SegmentedVideoWriter writer, int part, int shared, CancellationToken cancellationToken)
    {
        var from = await DecodeAsync(part - 1, parts[part - 1].Part.Count - shared, shared, cancellationToken)
            .ToListAsync(cancellationToken).ConfigureAwait(false);
        var to = await DecodeAsync(part, 0, shared, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        await EncodeAsync(writer, [.. from.Select((frame, i) => Blend(frame, to[i], (i + 1f) / (shared + 1)))], cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task EncodeAsync(SegmentedVideoWriter writer, List<byte[]> frames, CancellationToken cancellationToken)
    {
        await writer.WriteClipAsync(frames.Count, frames, cancellationToken).ConfigureAwait(false);
        FramesEncoded += frames.Count;
    }

    private IAsyncEnumerable<byte[]> DecodeAsync(int part, int first, int count, CancellationToken cancellationToken) =>
        parts[part].DecodeAsync(files[part], new VideoPart(first, count), size, limits, cancellationToken);

    private static byte[] Blend(byte[] from, byte[] to, float share)
    {
        int weight = (int)MathF.Round(256 * share * share * (3 - 2 * share));
        byte[] blended = new byte[to.Length];
        for (int i = 0; i < blended.Length; i++) blended[i] = (byte)((from[i] * (256 - weight) + to[i] * weight + 128) >> 8);
        return blended;
    }
}
