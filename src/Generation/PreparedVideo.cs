using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using Locutor.Media.Sound;
using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>
/// A video that is ready to be generated: settings, pictures and voices turned into the tensors and options that
/// <see cref="TalkingVideoGenerator"/> takes. Every program that makes a video prepares it here.
/// </summary>
public sealed class PreparedVideo : IDisposable
{
    private readonly long seed;

    private PreparedVideo(GenerationInputs inputs, GenerationOptions options, long seed) => (Inputs, Options, this.seed) = (inputs, options, seed);

    /// <summary>Embeddings and pictures; freed with this object.</summary>
    public GenerationInputs Inputs { get; }

    public GenerationOptions Options { get; }

    /// <summary>Prepares a video from opened files.</summary>
    /// <param name="drawnPicture">As <see cref="GenerationInputs.DrawnPicture"/>.</param>
    /// <exception cref="OperationCanceledException">Cancelled while speech was encoded.</exception>
    public static PreparedVideo FromMedia(NetworkSet networks, VideoSettings settings, SourceMedia media, CancellationToken ct, Picture? drawnPicture = null)
    {
        var pictures = media.Pictures;
        var speech = new List<ISpeech>();
        try
        {
            foreach (var voice in media.Voices)
            {
                speech.Add(settings.StreamSpeech
                    ? new SpeechStream(new StoredSamples(voice), networks.Speech, networks.Device, settings.ClipFrames)
                    : SpeechEmbedding.Compute(voice, networks.Speech, networks.Device, ct));
            }
            var speakers = speech.Count == 2 ? Masks(networks, settings, pictures) : null;
            return FromSpeech(networks, settings, (pictures.Height, pictures.Width), SpeechEmbedding.VideoFrames(media.Voices[0]), speech, pictures.AtAsync, speakers, drawnPicture);
        }
        catch
        {
            foreach (var person in speech) person.Dispose();
            throw;
        }
    }

    /// <summary>Prepares a video from a picture and a voice in memory.</summary>
    /// <param name="picture">Of the size at which the networks draw; both sides multiples of 16.</param>
    /// <param name="voice">Mono, 16 kHz.</param>
    /// <param name="drawnPicture">As <see cref="GenerationInputs.DrawnPicture"/>.</param>
    public static PreparedVideo FromMemory(NetworkSet networks, VideoSettings settings, Picture picture, Waveform voice, Picture? drawnPicture = null) => FromSpeech(
        networks, settings, (picture.Height, picture.Width), SpeechEmbedding.VideoFrames(voice),
        [SpeechEmbedding.Compute(voice, networks.Speech, networks.Device)], (_, _) => ValueTask.FromResult(picture), drawnPicture: drawnPicture);

    /// <summary>Prepares a video from speech that is embedded already.</summary>
    /// <param name="size">Size at which the networks draw; both sides multiples of 16.</param>
    /// <param name="frames">Frames of the video, at least 1.</param>
    /// <param name="speech">The speech of each person; freed with this object.</param>
    /// <param name="pictures">Conditioning pictures of <paramref name="size"/>.</param>
    /// <param name="speakers">With two people, their masks; freed with this object.</param>
    /// <param name="drawnPicture">As <see cref="GenerationInputs.DrawnPicture"/>.</param>
    public static PreparedVideo FromSpeech(
        NetworkSet networks, VideoSettings settings, (int Height, int Width) size, int frames, IReadOnlyList<ISpeech> speech, PictureAt pictures, Tensor? speakers = null,
        Picture? drawnPicture = null)
    {
        var options = GenerationOptions.Of(settings, size.Height, size.Width, frames, settings.Prompt, settings.NegativePrompt);
        bool negated = Guidance.PassesOf(options.Guidance).Any(pass => pass is Pass.TextDropped or Pass.Unconditional);
        var inputs = new GenerationInputs(
            networks.EmbedText(settings.Prompt), negated ? networks.EmbedText(settings.NegativePrompt) : null, speech, pictures, speakers, drawnPicture);
        return new PreparedVideo(inputs, options, settings.Seed);
    }

    /// <summary>Generates the clips in order; dispose each.</summary>
    /// <param name="generator">With the networks that draw.</param>
    /// <param name="options">Other options than <see cref="Options"/>, for measurements.</param>
    /// <param name="from">A clip of an earlier run after which to continue; null starts at the beginning.</param>
    /// <param name="progress">Told about every step.</param>
    /// <param name="ct">Stops between two steps.</param>
    public IAsyncEnumerable<GeneratedClip> GenerateAsync(
        TalkingVideoGenerator generator, GenerationOptions? options = null, GeneratedClip? from = null, IProgress<GenerationProgress>? progress = null, CancellationToken ct = default) =>
        generator.GenerateAsync(Inputs, options ?? Options, new SeededNoise(seed), from, progress, ct);

    public void Dispose()
    {
        Inputs.Text.Dispose();
        Inputs.NegativeText?.Dispose();
        Inputs.Speakers?.Dispose();
        foreach (var person in Inputs.Speech) person.Dispose();
    }

    private static Tensor Masks(NetworkSet networks, VideoSettings settings, SourcePictures pictures)
    {
        var source = (pictures.SourceHeight, pictures.SourceWidth);
        var boxes = settings.Speakers.Count > 0 ? settings.Speakers : SpeakerRegions.Halves(source.SourceHeight, source.SourceWidth);
        int stride = networks.Autoencoder.Config.SpatialStride();
        return SpeakerRegions.Masks(boxes, source, (pictures.Height, pictures.Width), (pictures.Height / stride, pictures.Width / stride));
    }
}
