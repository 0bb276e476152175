using System.Runtime.CompilerServices;
using Locutor.Generation.Clips;
using Locutor.Generation.Compositing;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Guard;
using Locutor.Generation.Loading;
using Locutor.Media;
using Locutor.Media.Video;
using Locutor.Media.Video.Segments;
using Locutor.Torch;

namespace Locutor.Generation.Output;

/// <summary>Generates the frames of a video from opened files and writes them to a file while the next clip is generated.</summary>
public sealed class TalkingVideoProducer(NetworkSet networks)
{
    /// <summary>Name of the program in the metadata of the finished file.</summary>
    public const string Program = "Locutor";

    /// <summary>Writes the whole video with its sound.</summary>
    /// <param name="media">The opened inputs of the request.</param>
    /// <param name="archive">Stores finished clips and returns those of an interrupted run.</param>
    /// <exception cref="WrongResultException">The video cannot be right; no file is written.</exception>
    /// <exception cref="MediaException">The output cannot be written, or an input ends early.</exception>
    /// <exception cref="DeviceOutOfMemoryException">The device has too little memory.</exception>
    public async Task<ProductionResult> ProduceAsync(
        ProductionRequest request, SourceMedia media, MediaLimits limits, IProgress<GenerationProgress>? progress = null,
        ClipArchive? archive = null, CancellationToken cancellationToken = default)
    {
        var (settings, pictures) = (request.Settings, media.Pictures);
        int frames = media.VideoFrames;
        int count = GenerationOptions.Create(
            settings, pictures.Height, pictures.Width, frames, settings.Prompt, settings.NegativePrompt).Clips.KnownCount;
        var clips = GenerateAsync(request, media, progress, archive, cancellationToken);
        var output = Output(request, pictures, limits);
        return await DeviceOutOfMemoryException.WatchAsync(async () =>
        {
            var writing = request.Live is { } live
                ? WriteLiveAsync(output, frames, settings.ClipFrames, live, clips, Muxing, cancellationToken)
                : WriteAsync(output, request.Growing, clips, Muxing, cancellationToken);
            int written = await writing.ConfigureAwait(false);
            return new ProductionResult(request.OutputPath, pictures.VideoWidth, pictures.VideoHeight, written, media.Seconds);
        }).ConfigureAwait(false);

        void Muxing() => progress?.Report(new(GenerationStage.Muxing, count, count, settings.Steps, settings.Steps));
    }

    /// <summary>
    /// Generates every frame as the video shows it, as rows of R, G, B. An array is valid until the next frame is requested.
    /// </summary>
    /// <inheritdoc cref="ProduceAsync"/>
    public IAsyncEnumerable<byte[]> FramesAsync(
        ProductionRequest request, SourceMedia media, IProgress<GenerationProgress>? progress = null, ClipArchive? archive = null,
        CancellationToken cancellationToken = default) =>
        DeviceOutOfMemoryException.WatchAsync(
            FramesAsync(GenerateAsync(request, media, progress, archive, cancellationToken)), cancellationToken);

    private static async IAsyncEnumerable<byte[]> FramesAsync(IAsyncEnumerable<ShownClip> clips)
    {
        await foreach (var clip in clips.ConfigureAwait(false))
            foreach (byte[] frame in clip.Frames) yield return frame;
    }

    /// <returns>The number of frames.</returns>
    private static async Task<int> WriteAsync(
        VideoWriterOptions output, Action<string>? growing, IAsyncEnumerable<ShownClip> clips, Action muxing,
        CancellationToken cancellationToken)
    {
        await using var writer = await VideoWriter.CreateAsync(output, cancellationToken).ConfigureAwait(false);
        growing?.Invoke(writer.PartialPath);
        await foreach (byte[] frame in FramesAsync(clips).ConfigureAwait(false))
            await writer.WriteFrameAsync(frame, cancellationToken).ConfigureAwait(false);
        muxing();
        await writer.CompleteAsync(cancellationToken).ConfigureAwait(false);
        return writer.FramesWritten;
    }

    /// <inheritdoc cref="WriteAsync"/>
    private static async Task<int> WriteLiveAsync(
        VideoWriterOptions output, int frames, int clipFrames, Func<VideoSegment, CancellationToken, Task> live,
        IAsyncEnumerable<ShownClip> clips, Action muxing, CancellationToken cancellationToken)
    {
        await using var writer = await SegmentedVideoWriter.CreateAsync(output, frames, clipFrames, live, cancellationToken)
            .ConfigureAwait(false);
        await foreach (var clip in clips.ConfigureAwait(false))
            await writer.WriteClipAsync(clip.Count, clip.Frames, cancellationToken).ConfigureAwait(false);
        muxing();
        await writer.CompleteAsync(cancellationToken).ConfigureAwait(false);
        return frames;
    }

    /// <summary>Generates the clips in order. The frames of a clip are valid until the next clip is requested.</summary>
    private async IAsyncEnumerable<ShownClip> GenerateAsync(
        ProductionRequest request, SourceMedia media, IProgress<GenerationProgress>? progress, ClipArchive? archive,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (settings, pictures) = (request.Settings, media.Pictures);
        progress?.Report(new(GenerationStage.Encoding, 0, 0, 0, settings.Steps));
        var first = await pictures.AtAsync(0, cancellationToken).ConfigureAwait(false);
        using var composed = pictures.Target is { } target ? ComposedVideo.Create(networks, target, first, settings.Composition!) : null;
        using var video = PreparedVideo.FromMedia(networks, settings, media, cancellationToken, composed?.Reference);
        var blank = new BlankWatch(first, leading: 1 + (video.Options.Continuity?.JoinedFrames ?? 0));
        var plan = video.Options.Clips;
        GeneratedClip? last = null;
        if (archive is not null)
        {
            await foreach (var stored in archive.ReadAsync(plan, pictures.Height, pictures.Width, cancellationToken).ConfigureAwait(false))
            {
                last?.Dispose();
                last = stored.Clip;
                yield return new ShownClip(stored.Frames.Count, Shown(stored.Frames));
            }
        }

        using var from = last;
        var generator = new TalkingVideoGenerator(networks) { Notice = request.Notice };
        await foreach (var clip in
                video.GenerateAsync(generator, from: from, progress: progress, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            using (clip)
            {
                blank.BeginClip();
                yield return new ShownClip(clip.Clip.Keep, Shown([.. clip.Frames()]));
                if (archive is not null && !blank.ClipIsBlank && clip.Clip.Index < plan.Count - 1)
                    await archive.SaveAsync(clip, cancellationToken).ConfigureAwait(false);
            }
        }

        blank.Finish();

        IEnumerable<byte[]> Shown(IReadOnlyList<byte[]> frames)
        {
            foreach (byte[] frame in frames) blank.See(frame);
            return composed?.Compose(frames) ?? frames;
        }
    }

    /// <summary>The frames of a clip as the video shows them; to be enumerated once.</summary>
    private readonly record struct ShownClip(int Count, IEnumerable<byte[]> Frames);

    private VideoWriterOptions Output(ProductionRequest request, SourcePictures pictures, MediaLimits limits) =>
        new(request.OutputPath, pictures.VideoWidth, pictures.VideoHeight)
    {
        FramesPerSecond = SpeechEmbedding.FramesPerSecond,
        Fragmented = request.Fragmented,
        LowDelay = request.GrowingVoice is not null,
        Limits = limits,
        Label = new SyntheticMediaLabel(Program, networks.Bundle.Name, request.Settings.Seed),
        Sound = request switch
        {
            { GrowingVoice: { } growing } => Soundtrack.FromGrowing(growing),
            { AudioPaths.Count: 1 } => Soundtrack.FromFile(request.AudioPaths[0]),
            { Settings.Placement: VoicePlacement.SideBySide } => Soundtrack.SideBySide(request.AudioPaths[0], request.AudioPaths[1]),
            _ => Soundtrack.OneAfterTheOther(request.AudioPaths[0], request.AudioPaths[1]),
        },
    };
}
