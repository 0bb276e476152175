using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using Locutor.Media.Sound;
using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>
/// A video that is ready to be generated: its settings, pictures and voices are converted to the tensors and options that
/// <see cref="TalkingVideoGenerator"/> needs. All programs that make a video use this class.
/// </summary>
public sealed class PreparedVideo : IDisposable
{
    private readonly long seed;

    private PreparedVideo(GenerationInputs inputs, GenerationOptions options, long seed) =>
        (Inputs, Options, this.seed) = (inputs, options, seed);

    /// <summary>Embeddings and pictures; disposed with this object.</summary>
    public GenerationInputs Inputs { get; }

    public GenerationOptions Options { get; }

    /// <summary>Prepares a video from opened files.</summary>
    /// <param name="drawnPicture">See <see cref="GenerationInputs.DrawnPicture"/>.</param>
    /// <param name="person">The person whose place in the portrait is generated from the person's own voice; null for the whole
    /// picture.</param>
    /// <exception cref="OperationCanceledException">Cancelled while the speech was encoded.</exception>
    public static PreparedVideo FromMedia(
        NetworkSet networks, VideoSettings settings, SourceMedia media, CancellationToken cancellationToken, Picture? drawnPicture = null,
        int? person = null)
    {
        var pictures = media.Pictures;
        PictureAt picture = person is { } shown ? (_, _) => ValueTask.FromResult(pictures.Still(shown)) : pictures.AtAsync;
        if (person is { } other) settings = settings with { Seed = settings.Seed + other };
        var speech = new List<ISpeech>();
        try
        {
            if (media.GrowingVoice is { } growing)
                speech.Add(new SpeechStream(growing, networks.Speech, networks.Device, settings.ClipFrames));
            for (int i = 0; i < media.Voices.Count; i++)
            {
                if (person is { } own && i != own) continue;
                speech.Add(settings.StreamSpeech
                    ? new SpeechStream(new StoredSamples(media.Voices[i]), networks.Speech, networks.Device, settings.ClipFrames)
                    : SpeechEmbedding.Compute(
                        media.Voices[i], media.WholeVoices[i], networks.Speech, networks.Device, cancellationToken));
            }
            var speakers = speech.Count == 2 ? Masks(networks, settings, pictures) : null;
            return FromSpeech(
                networks, settings, (pictures.Height, pictures.Width), media.VideoFrames ?? ClipPlan.Open, speech, picture, speakers,
                drawnPicture);
        }
        catch
        {
            foreach (var encoded in speech) encoded.Dispose();
            throw;
        }
    }

    /// <summary>Prepares a video from a picture and a voice in memory.</summary>
    /// <param name="picture">A picture of the size that is generated; both sides are multiples of 16.</param>
    /// <param name="voice">Mono audio at 16 kHz.</param>
    /// <param name="drawnPicture">See <see cref="GenerationInputs.DrawnPicture"/>.</param>
    public static PreparedVideo FromMemory(
        NetworkSet networks, VideoSettings settings, Picture picture, Waveform voice, Picture? drawnPicture = null) => FromSpeech(
        networks, settings, (picture.Height, picture.Width), SpeechEmbedding.VideoFrames(voice),
        [SpeechEmbedding.Compute(voice, networks.Speech, networks.Device)], (_, _) => ValueTask.FromResult(picture),
        drawnPicture: drawnPicture);

    /// <summary>Prepares a video from speech that is already encoded.</summary>
    /// <param name="size">Size of the generated frames; both sides are multiples of 16.</param>
    /// <param name="frames">Number of frames of the video, at least 1; <see cref="ClipPlan.Open"/> if its end is not known.</param>
    /// <param name="speech">The speech of each person; disposed with this object.</param>
    /// <param name="pictures">Conditioning pictures of <paramref name="size"/>.</param>
    /// <param name="speakers">Masks of two people; null for one person. Disposed with this object.</param>
    /// <param name="drawnPicture">See <see cref="GenerationInputs.DrawnPicture"/>.</param>
    public static PreparedVideo FromSpeech(
        NetworkSet networks, VideoSettings settings, (int Height, int Width) size, int frames, IReadOnlyList<ISpeech> speech,
        PictureAt pictures, Tensor? speakers = null,
        Picture? drawnPicture = null)
    {
        var options = GenerationOptions.Create(settings, size.Height, size.Width, frames, settings.Prompt, settings.NegativePrompt);
        bool negated = Guidance.PassesOf(options.Guidance).Any(pass => pass is Pass.TextDropped or Pass.Unconditional);
        var inputs = new GenerationInputs(
            networks.EmbedText(settings.Prompt), negated ? networks.EmbedText(settings.NegativePrompt) : null, speech, pictures, speakers,
            drawnPicture);
        return new PreparedVideo(inputs, options, settings.Seed);
    }

    /// <summary>Generates the clips in order. The caller disposes each of them.</summary>
    /// <param name="generator">A generator with the networks to use.</param>
    /// <param name="options">Replaces <see cref="Options"/>, for measurements; null for no replacement.</param>
    /// <param name="from">A clip of an earlier run, after which the generation continues; null starts at the beginning.</param>
    /// <param name="progress">Receives every denoising step.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public IAsyncEnumerable<GeneratedClip> GenerateAsync(
        TalkingVideoGenerator generator, GenerationOptions? options = null, GeneratedClip? from = null,
        IProgress<GenerationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        generator.GenerateAsync(Inputs, options ?? Options, new SeededNoise(seed), from, progress, cancellationToken);

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
