using System.Runtime.CompilerServices;
using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Media.Video;

namespace Locutor.Generation.Parts;

/// <summary>A part whose frames are in a file.</summary>
public sealed record FinishedPart(VideoPart Part, string Path);

/// <summary>
/// Reads the frames of a video from the files of its parts. Where two parts overlap, the earlier one fades into the later one.
/// </summary>
public static class JoinedParts
{
    /// <summary>Returns the frames in order, rows of R, G, B.</summary>
    /// <param name="parts">The parts in order; each begins before the end of the one before it, or at its end.</param>
    /// <param name="size">Height and width of the video.</param>
    /// <param name="limits">Limits of the files.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="MediaException">A file cannot be read, or it has another size or length than its part.</exception>
    public static async IAsyncEnumerable<byte[]> FramesAsync(
        IReadOnlyList<FinishedPart> parts, (int Height, int Width) size, MediaLimits limits,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ending = new Queue<byte[]>(); // the last frames of a part, which the next part also has
        for (int i = 0; i < parts.Count; i++)
        {
            int shared = ending.Count, own = (i + 1 < parts.Count ? parts[i + 1].Part.First : parts[i].Part.End) - parts[i].Part.First;
            int at = 0;
            await foreach (byte[] frame in ReadAsync(parts[i], size, limits, cancellationToken).ConfigureAwait(false))
            {
                if (at >= own) ending.Enqueue(frame);
                else yield return at < shared ? Blend(ending.Dequeue(), frame, (at + 1f) / (shared + 1)) : frame;
                at++;
            }
        }
    }

    /// <summary>Reads the frames of one file, exactly as many as its part has.</summary>
    private static async IAsyncEnumerable<byte[]> ReadAsync(
        FinishedPart file, (int Height, int Width) size, MediaLimits limits, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = await VideoReader.OpenAsync(file.Path, limits, cancellationToken).ConfigureAwait(false);
        await using var disposal = reader.ConfigureAwait(false);
        if ((reader.Height, reader.Width) != size)
            throw Unfit(file, $"is {reader.Width}x{reader.Height}, expected {size.Width}x{size.Height}");
        Picture? last = null;
        for (int i = 0; i < file.Part.Count; i++)
        {
            // After the end of a file, the reader returns its last picture again.
            var picture = await reader.ReadFrameAsync(i, cancellationToken).ConfigureAwait(false);
            if (ReferenceEquals(picture, last)) throw Unfit(file, $"has {i} frames, expected {file.Part.Count}");
            last = picture;
            yield return picture.Rgb;
        }
        if (!ReferenceEquals(await reader.ReadFrameAsync(file.Part.Count, cancellationToken).ConfigureAwait(false), last))
            throw Unfit(file, $"has more than {file.Part.Count} frames");
    }

    private static byte[] Blend(byte[] from, byte[] to, float share)
    {
        int weight = (int)MathF.Round(256 * share * share * (3 - 2 * share));
        byte[] blended = new byte[to.Length];
        for (int i = 0; i < blended.Length; i++) blended[i] = (byte)((from[i] * (256 - weight) + to[i] * weight + 128) >> 8);
        return blended;
    }

    private static MediaException Unfit(FinishedPart file, string reason) =>
        new(MediaErrorCodes.OutputFailed, $"{file.Path}: the part of the video {reason}");
}
