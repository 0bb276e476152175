using Locutor.Generation.Clips;
using Locutor.Generation.Compositing;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Guard;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Media;
using Locutor.Media.Sound;
using Locutor.Media.Video;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Generation.Output;

/// <summary>From files to a file: decodes picture and voices, generates, and hands every clip to the video encoder while the next one is made.</summary>
public sealed class TalkingVideoProducer(NetworkSet networks)
{
    /// <summary>What the finished file names as its maker.</summary>
    public const string Program = "Locutor";

    /// <param name="media">The request's inputs, opened.</param>
    /// <param name="archive">Takes finished clips up, and gives back those of a run that was stopped.</param>
    /// <exception cref="WrongResultException">The video cannot be right; there is no file.</exception>
    /// <exception cref="MediaException">The output cannot be written, or an input breaks off.</exception>
    /// <exception cref="DeviceOutOfMemoryException">The device has too little memory.</exception>
    public Task<TalkingVideoResult> ProduceAsync(
        TalkingVideoRequest request, SourceMedia media, MediaLimits limits, IProgress<GenerationProgress>? progress = null,
        ClipArchive? archive = null, CancellationToken ct = default) =>
        DeviceOutOfMemoryException.WatchAsync(() => RunAsync(request, media, limits, progress, archive, ct));

    private async Task<TalkingVideoResult> RunAsync(
        TalkingVideoRequest request, SourceMedia media, MediaLimits limits, IProgress<GenerationProgress>? progress, ClipArchive? archive, CancellationToken ct)
    {
        var (settings, voices, pictures) = (request.Settings, media.Voices, media.Pictures);
        progress?.Report(new(GenerationStage.Encoding, 0, 0, 0, settings.Steps));
        int frames = SpeechEmbedding.VideoFrames(voices[0]);
        var options = GenerationOptions.Of(settings, pictures.Height, pictures.Width, frames, settings.Prompt, settings.NegativePrompt);

        await using var writer = await VideoWriter.CreateAsync(Output(request, pictures, limits), ct).ConfigureAwait(false);
        request.Growing?.Invoke(writer.PartialPath);
        using var inputs = new OwnedInputs(Encode(settings, options.Guidance, voices, pictures, ct));
        var generator = new TalkingVideoGenerator(networks) { Notice = request.Notice };
        var composed = pictures.Target is { } target ? ComposedVideo.Create(networks, target, await pictures.AtAsync(0, ct).ConfigureAwait(false), settings.Composition!) : null;
        var blank = new BlankWatch(await pictures.AtAsync(0, ct).ConfigureAwait(false), leading: 1 + (options.Continuity?.JoinedFrames ?? 0));
        using var last = archive is null
            ? null
            : await archive.RestoreAsync(options.Clips, pictures.Height, pictures.Width, WriteAsync, ct).ConfigureAwait(false);
        await foreach (var clip in generator.GenerateAsync(inputs.Value, options, new SeededNoise(settings.Seed), last, progress, ct).ConfigureAwait(false))
        {
            using (clip)
            {
                blank.BeginClip();
                foreach (byte[] frame in clip.Frames()) await WriteAsync(frame).ConfigureAwait(false);
                if (archive is not null && !blank.ClipIsBlank && clip.Clip.Index < options.Clips.Count - 1) await archive.SaveAsync(clip, ct).ConfigureAwait(false);
            }
        }

        blank.Finish();
        progress?.Report(new(GenerationStage.Muxing, options.Clips.Count, options.Clips.Count, options.Steps, options.Steps));
        await writer.CompleteAsync(ct).ConfigureAwait(false);
        return new TalkingVideoResult(request.OutputPath, pictures.VideoWidth, pictures.VideoHeight, frames, voices[0].Seconds);

        async Task WriteAsync(byte[] frame)
        {
            blank.See(frame);
            await writer.WriteFrameAsync(composed?.Compose(frame) ?? frame, ct).ConfigureAwait(false);
        }
    }

    private VideoWriterOptions Output(TalkingVideoRequest request, SourcePictures pictures, MediaLimits limits) => new(request.OutputPath, pictures.VideoWidth, pictures.VideoHeight)
    {
        FramesPerSecond = SpeechEmbedding.FramesPerSecond,
        Fragmented = request.Fragmented,
        Limits = limits,
        Label = new SyntheticMediaLabel(Program, networks.Bundle.Name, request.Settings.Seed),
        Sound = (request.AudioPaths.Count, request.Settings.Placement) switch
        {
            (1, _) => Soundtrack.FromFile(request.AudioPaths[0]),
            (_, VoicePlacement.SideBySide) => Soundtrack.SideBySide(request.AudioPaths[0], request.AudioPaths[1]),
            _ => Soundtrack.OneAfterTheOther(request.AudioPaths[0], request.AudioPaths[1]),
        },
    };

    private GenerationInputs Encode(
        VideoSettings settings, GuidanceOptions guidance, IReadOnlyList<StoredSound> voices, SourcePictures pictures, CancellationToken ct)
    {
        var text = networks.EmbedText(settings.Prompt);
        var negative = Guidance.PassesOf(guidance).Any(pass => pass is Pass.TextDropped or Pass.Unconditional) ? networks.EmbedText(settings.NegativePrompt) : null;
        var speech = new List<ISpeech>();
        foreach (var voice in voices)
        {
            speech.Add(settings.StreamSpeech
                ? new SpeechStream(new StoredSamples(voice), networks.Speech, networks.Device, settings.ClipFrames)
                : SpeechEmbedding.Compute(voice, networks.Speech, networks.Device, ct));
        }

        return new GenerationInputs(text, negative, speech, pictures.AtAsync, voices.Count == 2 ? Masks(settings, pictures) : null);
    }

    private Tensor Masks(VideoSettings settings, SourcePictures pictures)
    {
        var source = (pictures.SourceHeight, pictures.SourceWidth);
        var boxes = settings.Speakers.Count > 0 ? settings.Speakers : SpeakerRegions.Halves(source.SourceHeight, source.SourceWidth);
        int stride = networks.Autoencoder.Config.SpatialStride();
        return SpeakerRegions.Masks(boxes, source, (pictures.Height, pictures.Width), (pictures.Height / stride, pictures.Width / stride));
    }

    private sealed class OwnedInputs(GenerationInputs value) : IDisposable
    {
        public GenerationInputs Value { get; } = value;

        public void Dispose()
        {
            Value.Text.Dispose();
            Value.NegativeText?.Dispose();
            Value.Speakers?.Dispose();
            foreach (var person in Value.Speech) person.Dispose();
        }
    }
}
