using System.Globalization;
using Locutor.Generation;
using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Output;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Media;
using Locutor.Models;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>What a trained bundle's video loses by coarser numbers and by skipped steps: PSNR of its frames against those of float32, before any encoding.</summary>
internal sealed class AccuracyBench(BenchOptions options, Meter meter)
{
    private const string Part = "accuracy";

    private static readonly StepCacheOptions[] Caches =
    [
        new TeaCacheOptions(0.1, TeaCacheOptions.Wan480p, 3), new TeaCacheOptions(0.2, TeaCacheOptions.Wan480p, 3), new TeaCacheOptions(0.3, TeaCacheOptions.Wan480p, 3),
        new EasyCacheOptions(0.05), new EasyCacheOptions(0.1), new EasyCacheOptions(0.2),
    ];

    public IEnumerable<BenchRow> Run()
    {
        if (options.Files is not { } files || options.Image is not { } image || options.Audio is not { } audio)
            throw new BenchException("--model, --image-path and --audio1-path: accuracy needs a bundle with files, a picture and a voice");
        var settings = VideoSettings.Resolve(options.Bundle, options.Request());
        var request = new TalkingVideoRequest { ImagePath = image, AudioPaths = [audio], OutputPath = "", Settings = settings };
        using var exact = Load(files, settings, ScalarType.Float32, LinearPrecision.Plain);
        using var media = new Opened(SourceMedia.OpenAsync(request, MediaLimits.Default, CancellationToken.None).GetAwaiter().GetResult());
        using var inputs = new Inputs(exact, media.Value, settings, options.Bundle.DefaultPrompt);
        using var expected = Frames(exact, exact, inputs, settings, null, out double seconds);
        yield return new BenchRow(Part, $"float32, {settings.Preset}, {settings.Steps} steps, {expected.shape[1]} frames", seconds);
        if (settings.StepCache is null) yield return Compared("8-bit self attention, else float32", expected, WithEightBitAttention(exact, inputs, settings, out seconds), seconds);
        foreach (var cache in settings.StepCache is { } asked ? [asked] : Caches)
        {
            var counted = new CountedStepCache(cache);
            var found = Frames(exact, exact, inputs, settings, counted, out seconds);
            yield return Compared($"float32, {cache.Name}, {counted.Skipped()} of {settings.Steps * counted.Made.Count} steps skipped", expected, found, seconds);
        }
        if (settings.StepCache is not null) yield break;
        using (var half = Load(files, settings, ScalarType.BFloat16, LinearPrecision.Plain))
        {
            yield return Compared("bfloat16 autoencoder alone", expected, Frames(exact, half, inputs, settings, null, out seconds), seconds);
            yield return Compared("bfloat16", expected, Frames(half, half, inputs, settings, null, out seconds), seconds);
        }
        foreach (var (name, precision) in new[] { ("float8", LinearPrecision.Float8), ("int8", LinearPrecision.Int8) })
        {
            using var bytes = Load(files, settings, ScalarType.Float32, precision);
            yield return Compared($"{name} linears, else float32", expected, Frames(bytes, exact, inputs, settings, null, out seconds), seconds);
        }
    }

    /// <summary>Self attention in the numbers of the GPU's kernel, which a processor computes by its plain path.</summary>
    private Tensor WithEightBitAttention(NetworkSet exact, Inputs inputs, VideoSettings settings, out double seconds)
    {
        var chosen = EightBitAttention.Precision;
        EightBitAttention.Precision = AttentionPrecision.EightBit;
        try
        {
            return Frames(exact, exact, inputs, settings, null, out seconds);
        }
        finally
        {
            EightBitAttention.Precision = chosen;
        }
    }

    private NetworkSet Load(ResolvedBundle files, VideoSettings settings, ScalarType type, LinearPrecision linears) =>
        NetworkSet.Load(files, new(options.Device, type) { Adapters = settings.Adapters, Linears = linears });

    private Tensor Frames(NetworkSet transformer, NetworkSet autoencoder, Inputs inputs, VideoSettings settings, StepCacheOptions? cache, out double seconds)
    {
        var generator = new TalkingVideoGenerator(transformer.Transformer, autoencoder.Autoencoder, inputs.Image, options.Device);
        var generation = inputs.Options with { StepCache = cache };
        var parts = new List<Tensor>();
        seconds = meter.Once(() => Gather(generator.GenerateAsync(inputs.Value, generation, new SeededNoise(options.Seed)), parts).GetAwaiter().GetResult());
        var all = cat(parts, 1).DetachFromDisposeScope();
        foreach (var part in parts) part.Dispose();
        return all;
    }

    private static async Task Gather(IAsyncEnumerable<GeneratedClip> clips, List<Tensor> parts)
    {
        await foreach (var clip in clips.ConfigureAwait(false))
            using (clip) parts.Add(clip.Video.cpu().clone().DetachFromDisposeScope());
    }

    private static BenchRow Compared(string what, Tensor expected, Tensor found, double seconds)
    {
        using (found)
        using (NewDisposeScope())
        {
            var squares = (found - expected).to(ScalarType.Float64).square();
            double mean = squares.mean().item<double>(), worst = squares.mean([0, 2, 3]).max().item<double>();
            return new BenchRow(Part, what, seconds) { Note = string.Create(CultureInfo.InvariantCulture, $"PSNR {Psnr(mean):0.0} dB, of the worst frame {Psnr(worst):0.0} dB") };
        }
    }

    /// <summary>Pixels reach from -1 to 1.</summary>
    private static double Psnr(double square) => 10 * Math.Log10(4 / square);

    /// <summary>Text, speech and picture, read once at float32 for all that is compared.</summary>
    private sealed class Inputs : IDisposable
    {
        public Inputs(NetworkSet networks, SourceMedia media, VideoSettings settings, string prompt)
        {
            Image = networks.Image;
            var pictures = media.Pictures;
            Value = new GenerationInputs(networks.EmbedText(prompt), networks.EmbedText(networks.Bundle.NegativePrompt), [SpeechEmbedding.Compute(media.Voices[0], networks.Speech, networks.Device)], pictures.AtAsync);
            Options = GenerationOptions.Of(settings, pictures.Height, pictures.Width, SpeechEmbedding.VideoFrames(media.Voices[0]), prompt, networks.Bundle.NegativePrompt);
        }

        public Networks.ClipVision.ClipVisionEncoder Image { get; }

        public GenerationInputs Value { get; }

        public GenerationOptions Options { get; }

        public void Dispose()
        {
            Value.Text.Dispose();
            Value.NegativeText?.Dispose();
            foreach (var person in Value.Speech) person.Dispose();
        }
    }

    private sealed class Opened(SourceMedia value) : IDisposable
    {
        public SourceMedia Value { get; } = value;

        public void Dispose() => Value.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
