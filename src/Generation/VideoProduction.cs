using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Guard;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Captions;
using Locutor.Media.Video;
using Locutor.Media.Video.Segments;
using Locutor.Torch;

namespace Locutor.Generation;

/// <summary>
/// One video from its request to its frames or its file. The inputs are opened first, so that a fault in them is found before any network
/// is loaded. All programs that make a video from files use this class.
/// </summary>
public sealed partial class VideoProduction : IAsyncDisposable
{
    /// <summary>Name of the program in the metadata of the finished file.</summary>
    public const string Program = "Locutor";

    private readonly ProductionRequest request;
    private readonly SourceMedia media;
    private readonly MediaLimits limits;

    private VideoProduction(ProductionRequest request, SourceMedia media, MediaLimits limits) =>
        (this.request, this.media, this.limits) = (request, media, limits);

    /// <summary>Messages for the user about changes to the inputs that may be unexpected.</summary>
    public IReadOnlyList<string> Notes => media.Notes;

    /// <summary>Size of the video in pixels.</summary>
    public (int Height, int Width) Size => (media.Pictures.VideoHeight, media.Pictures.VideoWidth);

    /// <summary>True if the frames are composited into the portrait. Then their arrays are reused for later frames.</summary>
    public bool IsComposed => media.Pictures.Target is not null;

    /// <summary>Opens and validates the inputs of a request.</summary>
    /// <exception cref="MediaException">An input cannot be used.</exception>
    /// <exception cref="RequestException">The boxes do not fit the picture.</exception>
    public static async Task<VideoProduction> OpenAsync(
        ProductionRequest request, MediaLimits limits, CancellationToken cancellationToken) =>
        new(request, await SourceMedia.OpenAsync(request, limits, cancellationToken).ConfigureAwait(false), limits);

    /// <summary>Returns a message for the user if the networks were not made for pictures like this one; otherwise null.</summary>
    public async Task<string?> FitNoticeAsync(NetworkSet networks, CancellationToken cancellationToken) =>
        PictureFit.Notice(networks, await media.Pictures.AtAsync(0, cancellationToken).ConfigureAwait(false));

    /// <summary>Writes the whole video with its sound, each clip while the next one is generated.</summary>
    /// <param name="networks">The loaded networks.</param>
    /// <param name="progress">Receives every stage and denoising step.</param>
    /// <param name="archive">Stores finished clips and returns those of an interrupted run; null for none.</param>
    /// <param name="cancellationToken">Cancels between two steps; no file is left.</param>
    /// <exception cref="WrongResultException">The video cannot be right; no file is written.</exception>
    /// <exception cref="MediaException">The output cannot be written, or an input ends early.</exception>
    /// <exception cref="DeviceOutOfMemoryException">The device has too little memory.</exception>
    public Task<ProductionResult> ProduceAsync(
        NetworkSet networks, IProgress<GenerationProgress>? progress = null, ClipArchive? archive = null,
        CancellationToken cancellationToken = default) =>
        DeviceOutOfMemoryException.WatchAsync(async () =>
        {
            var cues = Cues();
            var finishing = Finishing.Create(request, cues, limits);
            using var measured = Measure(networks, progress, finishing.EncodesAgain);
            await using var removed = finishing.ConfigureAwait(false);
            var output = finishing.Drawn(Output(networks.Bundle.Name));
            var writing = request.Live is { } live
                ? WriteLiveAsync(networks, output, live, measured, archive, cancellationToken)
                : WriteAsync(networks, output, measured, archive, cancellationToken);
            int drawn = await writing.ConfigureAwait(false);
            var (height, width) = await finishing.FinishAsync(Size, cancellationToken).ConfigureAwait(false);
            measured.Complete(keep: true);
            networks.HasMadeVideo = true;
            return Result(height, width, drawn, cues);
        });

    /// <summary>
    /// Generates every frame as the video shows it, as rows of R, G, B. An array is valid until the next frame is requested.
    /// </summary>
    /// <inheritdoc cref="ProduceAsync"/>
    public IAsyncEnumerable<byte[]> FramesAsync(
        NetworkSet networks, IProgress<GenerationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        DeviceOutOfMemoryException.WatchAsync(AllFramesAsync(networks, progress, cancellationToken), cancellationToken);

    public ValueTask DisposeAsync() => media.DisposeAsync();

    private async IAsyncEnumerable<byte[]> AllFramesAsync(
        NetworkSet networks, IProgress<GenerationProgress>? progress,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var measured = Measure(networks, progress, encodesAgain: false);
        using var video = await PrepareAsync(networks, measured, cancellationToken).ConfigureAwait(false);
        await foreach (var clip in video.ClipsAsync(measured, cancellationToken: cancellationToken).ConfigureAwait(false))
            foreach (byte[] frame in clip.Frames) yield return frame;
        measured.Complete(keep: false); // the measured time includes that of the caller
    }

    /// <summary>Returns the captions: those that are known, or those of the transcript, placed by the silences of the voices.</summary>
    private IReadOnlyList<Cue> Cues() => request.Transcript is { } words && media.Voices.Count > 0
        ? CueTiming.Place(CaptionText.Split(words), SpeechActivity.Measure(media.Voices))
        : request.Cues;

    /// <returns>The number of frames.</returns>
    private async Task<int> WriteAsync(
        NetworkSet networks, VideoWriterOptions output, MeasuredProgress progress, ClipArchive? archive,
        CancellationToken cancellationToken)
    {
        var writer = await VideoWriter.CreateAsync(output, cancellationToken).ConfigureAwait(false);
        await using var disposal = writer.ConfigureAwait(false);
        request.Growing?.Invoke(writer.PartialPath);
        using var video = await PrepareAsync(networks, progress, cancellationToken).ConfigureAwait(false);
        await foreach (var clip in video.ClipsAsync(progress, archive, cancellationToken).ConfigureAwait(false))
            foreach (byte[] frame in clip.Frames) await writer.WriteFrameAsync(frame, cancellationToken).ConfigureAwait(false);
        ReportMuxing(video, progress);
        await writer.CompleteAsync(cancellationToken).ConfigureAwait(false);
        return writer.FramesWritten;
    }

    /// <inheritdoc cref="WriteAsync"/>
    private async Task<int> WriteLiveAsync(
        NetworkSet networks, VideoWriterOptions output, Func<VideoSegment, CancellationToken, Task> live, MeasuredProgress progress,
        ClipArchive? archive, CancellationToken cancellationToken)
    {
        var writer = await SegmentedVideoWriter
            .CreateAsync(output, Frames, request.Settings.ClipFrames, live, cancellationToken).ConfigureAwait(false);
        await using var disposal = writer.ConfigureAwait(false);
        using var video = await PrepareAsync(networks, progress, cancellationToken).ConfigureAwait(false);
        await foreach (var clip in video.ClipsAsync(progress, archive, cancellationToken).ConfigureAwait(false))
            await writer.WriteClipAsync(clip.Count, clip.Frames, cancellationToken).ConfigureAwait(false);
        ReportMuxing(video, progress);
        await writer.CompleteAsync(cancellationToken).ConfigureAwait(false);
        return Frames;
    }

    private ProductionResult Result(int height, int width, int drawn, IReadOnlyList<Cue> cues)
    {
        int frames = drawn * request.Settings.Output.FramesPerSecond / OutputSettings.DrawnFramesPerSecond;
        return new ProductionResult(request.OutputPath, width, height, frames, media.Seconds) { Cues = cues };
    }

    private int Frames => media.VideoFrames ?? ClipPlan.Open;

    /// <summary>Begins to measure the video, under a key that contains everything on which the cost of a clip depends.</summary>
    private MeasuredProgress Measure(NetworkSet networks, IProgress<GenerationProgress>? progress, bool encodesAgain)
    {
        var (settings, pictures) = (request.Settings, media.Pictures);
        var options = GenerationOptions.Create(
            settings, pictures.Height, pictures.Width, Frames, settings.Prompt, settings.NegativePrompt);
        string key = string.Join(
            '\n', networks.Device, networks.Team.Count, networks.Bundle.Name, networks.Precision, (pictures.Height, pictures.Width), Size,
            options.Guidance, options.StepCache, options.SkippedAttention, options.Clips.ClipFrames, settings.StreamSpeech,
            request.Live is not null, networks.HasMadeVideo, encodesAgain ? settings.Output.Format : null);
        int clips = options.Clips.KnownCount;
        return new MeasuredProgress(progress, key, clips, encodesAgain ? Math.Max(1, clips) : 1, TimeProvider.System);
    }

    private Task<ShownVideo> PrepareAsync(
        NetworkSet networks, MeasuredProgress progress, CancellationToken cancellationToken)
    {
        progress.Report(new(GenerationStage.Encoding, 0, 0, 0, request.Settings.Steps));
        return ShownVideo.FromMediaAsync(networks, request.Settings, media, request.Notice, cancellationToken, request.Previews);
    }

    private void ReportMuxing(ShownVideo video, MeasuredProgress progress) =>
        progress.Report(new(GenerationStage.Muxing, video.ClipCount, video.ClipCount, request.Settings.Steps, request.Settings.Steps));

    private VideoWriterOptions Output(string model)
    {
        var whole = new VideoWriterOptions(request.OutputPath, Size.Width, Size.Height)
        {
            FramesPerSecond = SpeechEmbedding.FramesPerSecond,
            Fragmented = request.Fragmented,
            LowDelay = request.GrowingVoice is not null,
            Limits = limits,
            Label = new SyntheticMediaLabel(Program, model, request.Settings.Seed),
            Sound = request switch
            {
                { GrowingVoice: { } growing } => Soundtrack.FromGrowing(growing),
                { AudioPaths.Count: 1 } => Soundtrack.FromFile(request.AudioPaths[0]),
                { Settings.Placement: VoicePlacement.SideBySide } =>
                    Soundtrack.SideBySide(request.AudioPaths[0], request.AudioPaths[1]),
                _ => Soundtrack.OneAfterTheOther(request.AudioPaths[0], request.AudioPaths[1]),
            },
        };
        return request.Part is { } part ? whole with { Sound = null, CutFrames = part.CutFrames } : whole;
    }
}
