using System.Text;
using Locutor.Files;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Captions;
using Locutor.Media.Video;
using Locutor.Media.Video.Finishing;

namespace Locutor.Generation;

/// <summary>
/// The last step of a video. If the file needs another size or frame rate than the generated ("drawn") video, or captions, the drawn video
/// is written to a temporary file of high quality, and the output is encoded from that.
/// </summary>
internal sealed class Finishing : IAsyncDisposable
{
    /// <summary>Constant rate factor of x264 for the temporary file: its loss is not visible after the second encoding.</summary>
    public const int TemporaryQuality = 10;

    private readonly ProductionRequest request;
    private readonly FinishOptions options;
    private readonly MediaLimits limits;
    private readonly TemporaryFolder? folder;

    private Finishing(ProductionRequest request, FinishOptions options, MediaLimits limits, TemporaryFolder? folder) =>
        (this.request, this.options, this.limits, this.folder) = (request, options, limits, folder);

    /// <summary>True if the drawn video is encoded a second time.</summary>
    public bool EncodesAgain => folder is not null;

    private string DrawnPath => Path.Combine(folder!.Path, "drawn.mp4");

    /// <summary>Returns the options of the drawn video: those of the file itself if it needs no finishing.</summary>
    public VideoWriterOptions Drawn(VideoWriterOptions file) => request.Part is not null
        // A part is encoded as the drawn video that it is copied into.
        ? file with { Format = VideoFormat.Mp4, Quality = options.IsPlain ? file.Quality : TemporaryQuality }
        : folder is null
        ? file with { Format = options.Format }
        : file with { Path = DrawnPath, Format = VideoFormat.Mp4, Quality = TemporaryQuality, Fragmented = false };

    public static Finishing Create(ProductionRequest request, IReadOnlyList<Cue> cues, MediaLimits limits)
    {
        var options = request.Settings.Output.Finish(cues);
        return new(request, options, limits, options.IsPlain || request.Part is not null ? null : NewFolder(request.OutputPath));
    }

    /// <summary>Encodes the output from the drawn video, if that is needed, and writes the file of captions.</summary>
    /// <returns>Size of the video.</returns>
    /// <exception cref="MediaException">A file cannot be written.</exception>
    public async Task<(int Height, int Width)> FinishAsync((int Height, int Width) drawn, CancellationToken cancellationToken)
    {
        var size = folder is null
            ? drawn
            : await VideoFinisher.FinishAsync(DrawnPath, request.OutputPath, options, limits, cancellationToken).ConfigureAwait(false);
        if (request.Settings.Output.CaptionFile is { } extension && request.OutputPath != VideoDestination.Standard)
        {
            string text = extension == "srt" ? CaptionFile.ToSubRip(options.Cues) : CaptionFile.ToWebVtt(options.Cues);
            AtomicFile.Write(Path.ChangeExtension(request.OutputPath, extension), Encoding.UTF8.GetBytes(text));
        }
        return size;
    }

    /// <summary>
    /// Creates the folder of the temporary file: next to the output, whose disk needs the space anyway, or in TMPDIR if the output is a
    /// stream.
    /// </summary>
    private static TemporaryFolder NewFolder(string output) => VideoDestination.IsStream(output)
        ? TemporaryFolder.Create()
        : TemporaryFolder.Create(Path.GetDirectoryName(Path.GetFullPath(output)), ".locutor-drawn-");

    public ValueTask DisposeAsync()
    {
        folder?.Dispose();
        return ValueTask.CompletedTask;
    }
}
