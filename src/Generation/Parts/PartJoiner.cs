using Locutor.Media;
using Locutor.Media.Video.Segments;

namespace Locutor.Generation.Parts;

/// <summary>
/// Writes a video from the files of its parts, while the parts are made. A part is joined as soon as all parts before it are joined; a part
/// that is made on this machine is joined while its file grows. Encoded frames are copied. Only two kinds of frames are encoded here: those
/// that two parts have in common, over which the earlier part fades into the later one, and those of parts from a different encoder.
/// </summary>
/// <param name="parts">The parts in order; each begins before the end of the one before it, or at its end.</param>
/// <param name="size">Height and width of the video.</param>
/// <param name="limits">Limits of the files.</param>
public sealed class PartJoiner(IReadOnlyList<PartInWork> parts, (int Height, int Width) size, MediaLimits limits) : IDisposable
{
    /// <summary>Largest number of frames in a segment.</summary>
    public const int LongestSegment = 250;

    private const int SegmentBytes = 128 << 20, LeastFrames = 25; // limits of a segment that is encoded here: its frames are in memory

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(0.25);

    private readonly FragmentedFile?[] files = new FragmentedFile?[parts.Count];
    private readonly FinishedPart?[] finished = new FinishedPart?[parts.Count];

    /// <summary>Number of frames that were encoded here so far.</summary>
    public int FramesEncoded { get; private set; }

    /// <summary>
    /// A frame at which a segment must begin: the first one that an earlier attempt at this video has not published.
    /// </summary>
    public int Boundary { get; init; }

    /// <summary>Writes all frames.</summary>
    /// <param name="writer">The writer, whose longest segment is <see cref="LongestSegment"/>.</param>
    /// <param name="progress">Receives the number of written frames.</param>
    /// <param name="cancellationToken">Cancels; the writer can then only be disposed.</param>
    /// <exception cref="MediaException">A file cannot be read, or it has another size or length than its part.</exception>
    public async Task WriteAsync(SegmentedVideoWriter writer, Action<int> progress, CancellationToken cancellationToken)
    {
        for (int i = 0; i < parts.Count; i++)
        {
            var part = parts[i].Part;
            int shared = i == 0 ? 0 : parts[i - 1].Part.End - part.First;
            int end = i + 1 < parts.Count ? parts[i + 1].Part.First - part.First : part.Count;
            await FollowAsync(writer, i, shared, end, cancellationToken).ConfigureAwait(false);
            finished[i] = await parts[i].Finished.WaitAsync(cancellationToken).ConfigureAwait(false);
            files[i]?.Dispose();
            files[i] = finished[i]!.OpenForCopies();
            if (writer.FramesWritten == part.First && shared > 0)
                await WriteFadeAsync(writer, i, shared, cancellationToken).ConfigureAwait(false);
            for (int at = writer.FramesWritten - part.First; at < end;)
            {
                int boundary = Boundary - part.First;
                at += await WriteSegmentAsync(writer, i, at, at < boundary ? Math.Min(end, boundary) : end, cancellationToken)
                    .ConfigureAwait(false);
                progress(writer.FramesWritten);
            }
        }
    }

    public void Dispose()
    {
        foreach (var file in files) file?.Dispose();
    }

    /// <summary>
    /// Writes the fragments of a growing file until the part is finished. Each fragment becomes a segment, so that the division into
    /// segments does not depend on time.
    /// </summary>
    private async Task FollowAsync(SegmentedVideoWriter writer, int part, int shared, int end, CancellationToken cancellationToken)
    {
        var (first, source) = (parts[part].Part.First, parts[part]);
        for (bool fit = true, last = false; fit && !last;)
        {
            last = source.Finished.IsCompleted;
            if (source.Growing() is { } path && (files[part] ??= Grown(source, path)) is { } file)
            {
                fit = file.TryRefresh();
                if (fit && writer.FramesWritten == first && shared > 0 && file.ReadFragment(0, shared)?.Frames == shared)
                    await WriteFadeAsync(writer, part, shared, cancellationToken).ConfigureAwait(false);
                while (fit && file.ReadFragment(writer.FramesWritten - first, end) is { } piece && piece.FirstFrame >= shared)
                    fit = await writer.TryCopyClipAsync(piece, cancellationToken).ConfigureAwait(false);
            }
            if (!last) await Task.WhenAny(source.Finished, Task.Delay(PollInterval, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Opens a growing or finished file; null if it is being renamed to its final name at this moment.</summary>
    private static FragmentedFile? Grown(PartInWork part, string growing)
    {
        try
        {
            return FragmentedFile.Follow(part.Finished.IsCompletedSuccessfully ? part.Finished.Result.Path : growing);
        }
        catch (IOException)
        {
            return null;
        }
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
        (finished[part] ?? new FinishedPart(parts[part].Part, parts[part].Growing() ?? ""))
            .DecodeAsync(files[part], new VideoPart(first, count), size, limits, cancellationToken);

    private static byte[] Blend(byte[] from, byte[] to, float share)
    {
        int weight = (int)MathF.Round(256 * share * share * (3 - 2 * share));
        byte[] blended = new byte[to.Length];
        for (int i = 0; i < blended.Length; i++) blended[i] = (byte)((from[i] * (256 - weight) + to[i] * weight + 128) >> 8);
        return blended;
    }
}
