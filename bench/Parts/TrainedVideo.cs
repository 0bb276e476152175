using System.Globalization;
using Locutor.Generation;
using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Kernels.Quantisation;
using Locutor.Media;
using Locutor.Models.Store;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>
/// Makes videos from a picture, a voice and a prompt, which a trained bundle encodes once in float32, and compares their frames before
/// video compression.
/// </summary>
internal sealed class TrainedVideo : IDisposable
{
    private readonly BenchOptions options;
    private readonly ResolvedBundle files;
    private readonly Meter meter;
    private readonly SourceMedia media;
    private readonly PreparedVideo video;

    /// <param name="settings">The settings of the video.</param>
    /// <exception cref="BenchException">The bundle has no files, or picture or voice is missing.</exception>
    public TrainedVideo(string part, BenchOptions options, Meter meter, VideoSettings settings)
    {
        if (options.Files is not { } found || options.Image is not { } image || options.Audio is not { } audio)
            throw new BenchException($"--model, --image-path and --audio1-path: {part} needs a bundle with files, a picture and a voice");
        (this.options, this.meter, files) = (options, meter, found);
        var request = new ProductionRequest { ImagePath = image, AudioPaths = [audio], OutputPath = "", Settings = settings };
        media = SourceMedia.OpenAsync(request, MediaLimits.Default, CancellationToken.None).GetAwaiter().GetResult();
        Exact = Load(settings, ScalarType.Float32, LinearPrecision.Plain);
        video = PreparedVideo.FromMedia(Exact, Asked(settings), media, CancellationToken.None);
    }

    /// <summary>The networks of the bundle in float32.</summary>
    public NetworkSet Exact { get; }

    public NetworkSet Load(VideoSettings settings, ScalarType type, LinearPrecision linears) =>
        NetworkSet.Load(files, new(options.Device, type) { Adapters = settings.Adapters, Linears = linears });

    /// <summary>Generates the frames of a video.</summary>
    /// <returns>The frames [3, frames, H, W] in [-1, 1].</returns>
    public Tensor Frames(
        NetworkSet transformer, NetworkSet autoencoder, VideoSettings settings, StepCacheOptions? cache, out double seconds)
    {
        var generator = new TalkingVideoGenerator(transformer.Transformer, autoencoder.Autoencoder, Exact.Image, options.Device);
        var generation = GenerationOptions.Create(
            settings, media.Pictures.Height, media.Pictures.Width, SpeechEmbedding.VideoFrames(media.Voices[0]),
            options.Bundle.DefaultPrompt, options.Bundle.NegativePrompt) with
        { StepCache = cache };
        var parts = new List<Tensor>();
        seconds = meter.Once(() => Gather(video.GenerateAsync(generator, generation), parts).GetAwaiter().GetResult());
        var all = cat(parts, 1).DetachFromDisposeScope();
        foreach (var part in parts) part.Dispose();
        return all;
    }

    /// <summary>Computes the peak signal-to-noise ratio in decibels over all frames and of the worst frame.</summary>
    public static (double All, double Worst) Psnr(Tensor expected, Tensor found)
    {
        using var scope = NewDisposeScope();
        var squares = (found - expected).to(ScalarType.Float64).square();
        return (Decibels(squares.mean().item<double>()), Decibels(squares.mean([0, 2, 3]).max().item<double>()));
    }

    /// <summary>Creates a row with the peak signal-to-noise ratio as its note.</summary>
    /// <param name="found">The frames to compare. This method disposes them.</param>
    public static BenchRow Compared(string part, string what, Tensor expected, Tensor found, double seconds)
    {
        using (found)
        {
            var (all, worst) = Psnr(expected, found);
            return new BenchRow(part, what, seconds)
            {
                Note = string.Create(CultureInfo.InvariantCulture, $"PSNR {all:0.0} dB, of the worst frame {worst:0.0} dB")
            };
        }
    }

    public void Dispose()
    {
        video.Dispose();
        Exact.Dispose();
        media.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Turns text guidance on, so that the negative prompt is encoded for presets that use it.</summary>
    private VideoSettings Asked(VideoSettings settings) => settings with
    {
        Prompt = options.Bundle.DefaultPrompt,
        NegativePrompt = options.Bundle.NegativePrompt,
        Seed = options.Seed,
        Guidance = new GuidanceOptions(2, 2),
    };

    private static async Task Gather(IAsyncEnumerable<GeneratedClip> clips, List<Tensor> parts)
    {
        await foreach (var clip in clips.ConfigureAwait(false))
            using (clip) parts.Add(clip.Video.cpu().clone().DetachFromDisposeScope());
    }

    /// <summary>Converts a mean squared error to decibels. Pixels range from -1 to 1.</summary>
    private static double Decibels(double square) => 10 * Math.Log10(4 / square);
}
