using System.Runtime.CompilerServices;
using Locutor.Files;
using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Media.Video;
using Locutor.Media.Video.Segments;

namespace Locutor.Generation.Parts;

/// <summary>A part whose frames are in a file.</summary>
public sealed record FinishedPart(VideoPart Part, string Path)
{
    /// <summary>Opens the file for copies of its frames; null if it cannot be cut.</summary>
    /// <exception cref="MediaException">The file has another length than its part.</exception>
    internal FragmentedFile? OpenForCopies()
    {
        var file = FragmentedFile.Open(Path);
        if (file is null || file.Frames == Part.Count) return file;
        file.Dispose();
        throw Unfit($"has {file.Frames} frames, expected {Part.Count}");
    }

    /// <summary>Decodes some frames, rows of R, G, B.</summary>
    /// <param name="file">Result of <see cref="OpenForCopies"/>; if it is not null, only the needed piece of the file is decoded.</param>
    /// <param name="frames">The frames, counted from the start of the part.</param>
    /// <param name="size">Height and width that they must have.</param>
    /// <param name="limits">Limits of the file.</param>
    /// <param name="cancellationToken">Cancels the decoding.</param>
    /// <exception cref="MediaException">The file cannot be read, or it has another size or length than its part.</exception>
    internal async IAsyncEnumerable<byte[]> DecodeAsync(
        FragmentedFile? file, VideoPart frames, (int Height, int Width) size, MediaLimits limits,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var folder = TemporaryFolder.Create();
        var (path, first) = (Path, frames.First);
        if (file?.Read(frames.First, frames.End, frames.Count) is { } piece && piece.Frames == frames.Count)
        {
            (path, first) = (System.IO.Path.Combine(folder.Path, "piece.mp4"), 0);
            await File.WriteAllBytesAsync(path, piece.Mp4, cancellationToken).ConfigureAwait(false);
        }
        var reader = await VideoReader.OpenAsync(path, limits, cancellationToken).ConfigureAwait(false);
        await using var disposal = reader.ConfigureAwait(false);
        if ((reader.Height, reader.Width) != size)
            throw Unfit($"is {reader.Width}x{reader.Height}, expected {size.Width}x{size.Height}");
        Picture? last = null;
        for (int i = 0; i < first + frames.Count; i++)
        {
            // After the end of a file, the reader returns its last picture again.
            var picture = await reader.ReadFrameAsync(i, cancellationToken).ConfigureAwait(false);
            if (ReferenceEquals(picture, last)) throw Unfit($"has {i} frames, expected {Part.Count}");
            last = picture;
            if (i >= first) yield return picture.Rgb;
        }
        if (first + frames.Count == Part.Count
            && !ReferenceEquals(await reader.ReadFrameAsync(Part.Count, cancellationToken).ConfigureAwait(false), last))
        {
            throw Unfit($"has more than {Part.Count} frames");
        }
    }

    private MediaException Unfit(string reason) => new(MediaErrorCodes.OutputFailed, $"{Path}: the part of the video {reason}");
}
