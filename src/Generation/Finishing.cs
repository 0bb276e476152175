using System.Text;
using Locutor.Files;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Captions;
using Locutor.Media.Files;
using Locutor.Media.Video;
using Locutor.Media.Video.Finishing;

namespace Locutor.Generation;

/// <summary>
/// The last step of a video. If the file needs another size or frame rate than the generated ("drawn") video, or captions, the drawn video
/// is written to a temporary file of high quality, and the output is encoded from that. A separate file of captions is written
/// first, under a temporary name.
/// </summary>
internal sealed class Finishing : IAsyncDisposable
{
    /// <summary>Constant rate factor of x264 for the temporary file: its loss is not visible after the second encoding.</summary>
    public const int TemporaryQuality = 10;

    private readonly ProductionRequest request;
    private readonly FinishOptions options;
    private readonly MediaLimits limits;
    private readonly TemporaryFolder? folder;
    private readonly AsideFile? captions;

    private Finishing(
        ProductionRequest request, FinishOptions options, MediaLimits limits, AsideFile? captions, TemporaryFolder? folder) =>
        (this.request, this.options, this.limits, this.captions, this.folder) = (request, options, limits, captions, folder);

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

    /// <summary>Writes the captions and creates the temporary folder, before any frame is drawn.</summary>
    /// <exception cref="MediaException">The file of captions cannot be written.</exception>
    public static Finishing Create(ProductionRequest request, IReadOnlyList<Cue> cues, MediaLimits limits)
    {
        var options = request.Settings.Output.Finish(cues);
        var captions = WriteCaptions(request, cues);
        try
        {
            var folder = options.IsPlain || request.Part is not null ? null : NewFolder(request.OutputPath);
            return new(request, options, limits, captions, folder);
        }
        catch
        {
            captions?.Dispose();
            throw;
        }
    }

    /// <summary>Encodes the output from the drawn video, if that is needed, and gives the file of captions its name.</summary>
    /// <returns>Size of the video.</returns>
    /// <exception cref="MediaException">A file cannot be written; neither video nor captions are left.</exception>
    public async Task<(int Height, int Width)> FinishAsync((int Height, int Width) drawn, CancellationToken cancellationToken)
    {
        var size = folder is null
            ? drawn
            : await VideoFinisher.FinishAsync(DrawnPath, request.OutputPath, options, limits, cancellationToken).ConfigureAwait(false);
        try
        {
            captions?.Keep();
        }
        catch (MediaException)
        {
            if (!VideoDestination.IsStream(request.OutputPath)) File.Delete(FileIdentity.Final(request.OutputPath));
            throw;
        }
        return size;
    }

    private static AsideFile? WriteCaptions(ProductionRequest request, IReadOnlyList<Cue> cues)
    {
        var output = request.Settings.Output;
        if (output.CaptionPath(request.OutputPath) is not { } path) return null;
        var file = AsideFile.For(path);
        try
        {
            file.Write(Encoding.UTF8.GetBytes(output.CaptionFile == "srt" ? CaptionFile.ToSubRip(cues) : CaptionFile.ToWebVtt(cues)));
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
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
        captions?.Dispose();
        folder?.Dispose();
        return ValueTask.CompletedTask;
    }
}
