using System.Globalization;
using Locutor.Generation.Settings;
using Locutor.Kernels.Quantisation;
using Locutor.Models;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.VideoTransformer.Residency;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>What stays in a GPU's memory when it may not all be used.</summary>
public static class MemoryPlan
{
    private const int AudioPasses = 2, ImageTokens = 257;

    /// <summary>How many blocks of the transformer stay, so that a clip of the bundle's largest picture of its default size fits the budget.</summary>
    /// <param name="budget">Bytes; null sets no limit.</param>
    public static BlockResidency Residency(Bundle bundle, long? budget, ScalarType type, LinearPrecision linears)
    {
        if (budget is not { } limit) return BlockResidency.All;
        var config = new BundleBlueprint(bundle).Transformer;
        long block = VideoTransformer.BlockBytes(config, type, linears);
        return BlockResidency.Within(limit, Activations(bundle, config, type) + Networks(bundle, config, type), block, config.Blocks);
    }

    /// <summary>Reads 24, 24GiB or 24GB: bytes, a number alone being GiB.</summary>
    /// <exception cref="SettingsException">Something else.</exception>
    public static long? Parse(string? text)
    {
        if (text is null) return null;
        var (number, unit) = text.EndsWith("GiB", StringComparison.OrdinalIgnoreCase) ? (text[..^3], 1L << 30) : text.EndsWith("GB", StringComparison.OrdinalIgnoreCase) ? (text[..^2], 1_000_000_000L) : (text, 1L << 30);
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is > 0 and < 100_000
            ? (long)(value * unit)
            : throw new SettingsException($"vram budget '{text}': expected a number of GiB, such as 24, 24GiB or 24GB");
    }

    /// <summary>About ten tensors as wide as a token and one and a half as wide as the feed-forward live at once; beside them a clip's keys and values.</summary>
    private static long Activations(Bundle bundle, VideoTransformerConfig config, ScalarType type)
    {
        var autoencoder = new BundleBlueprint(bundle).Autoencoder;
        int bytes = Size(type), side = autoencoder.SpatialStride() * config.Patch;
        long frames = (bundle.ClipFrames - 1) / autoencoder.TemporalStride() + 1;
        long tokens = frames * bundle.Sizes[bundle.DefaultSize].Max(picture => (long)picture[0] * picture[1]) / side / side;
        long kept = config.TextTokens + ImageTokens + AudioPasses * frames * config.AudioTokens;
        return tokens * (10 * config.Width + 3 * config.FeedForward / 2) * bytes + config.Blocks * kept * 2 * config.Width * bytes;
    }

    /// <summary>Everything but the blocks and the reader of the prompt, which a budget sends to the processor.</summary>
    private static long Networks(Bundle bundle, VideoTransformerConfig config, ScalarType type)
    {
        long sum = Bytes(4, weights => _ = new Wav2Vec2Encoder(weights, new BundleBlueprint(bundle).Speech));
        sum += Bytes(Size(type), weights => _ = new ClipVisionEncoder(weights, new BundleBlueprint(bundle).Image));
        sum += Bytes(Size(type), weights => _ = new VideoAutoencoder(weights, new BundleBlueprint(bundle).Autoencoder));
        return sum + Bytes(4, weights => _ = new VideoTransformer(weights, config with { Blocks = 0 }));
    }

    private static long Bytes(int size, Action<Weights> build)
    {
        using var shapes = new ShapeParameters();
        build(new Weights(shapes, ScalarType.Float32, META));
        return shapes.Shapes.Values.Sum(shape => shape.Aggregate((long)size, (product, length) => product * length));
    }

    private static int Size(ScalarType type) => type == ScalarType.Float32 ? 4 : 2;
}
