using System.Globalization;
using Locutor.Generation.Settings;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Models;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
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
        return BlockResidency.Within(limit, Beside(bundle, config, type), VideoTransformer.BlockBytes(config, type, linears), config.Blocks);
    }

    /// <summary>Whether the reader of the prompt stays on the device too; it is needed once a video, and so is the first to leave.</summary>
    /// <param name="budget">Bytes; null sets no limit.</param>
    public static bool TextStays(Bundle bundle, long? budget, ScalarType type, LinearPrecision linears)
    {
        if (budget is not { } limit) return true;
        var config = new BundleBlueprint(bundle).Transformer;
        return limit >= Beside(bundle, config, type) + config.Blocks * VideoTransformer.BlockBytes(config, type, linears) + Text(bundle);
    }

    /// <summary>Bytes that the autoencoder may take beside all parameters that stay, while the transformer only keeps its keys and values.</summary>
    /// <param name="budget">Bytes; null sets no limit, nor does the answer then.</param>
    public static long? AutoencoderRoom(Bundle bundle, long? budget, ScalarType type, LinearPrecision linears)
    {
        if (budget is not { } limit) return null;
        var config = new BundleBlueprint(bundle).Transformer;
        var stays = Residency(bundle, budget, type, linears);
        long blocks = stays.Resident >= config.Blocks ? config.Blocks : stays.Resident + stays.Slots;
        long held = Networks(bundle, config, type) + blocks * VideoTransformer.BlockBytes(config, type, linears) + Kept(bundle, config, type);
        if (TextStays(bundle, budget, type, linears)) held += Text(bundle);
        return Math.Max(0, limit - CudaMemoryLimit.Beside - held) / 8 * 7; // an eighth for the clip before, which is still on its way out
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

    /// <summary>What has to fit beside the blocks.</summary>
    private static long Beside(Bundle bundle, VideoTransformerConfig config, ScalarType type) =>
        CudaMemoryLimit.Beside + Activations(bundle, config, type) + Networks(bundle, config, type);

    /// <summary>Nine or ten tensors as wide as a token live at once (with int8 linears in their widest product); beside them a clip's keys and values.</summary>
    private static long Activations(Bundle bundle, VideoTransformerConfig config, ScalarType type)
    {
        var autoencoder = new BundleBlueprint(bundle).Autoencoder;
        int side = autoencoder.SpatialStride() * config.Patch;
        long tokens = Frames(bundle) * bundle.Sizes[bundle.DefaultSize].Max(picture => (long)picture[0] * picture[1]) / side / side;
        return tokens * 11 * config.Width * Size(type) + Kept(bundle, config, type);
    }

    /// <summary>Keys and values of a clip's text, picture and speech.</summary>
    private static long Kept(Bundle bundle, VideoTransformerConfig config, ScalarType type) =>
        config.Blocks * (config.TextTokens + ImageTokens + AudioPasses * Frames(bundle) * config.AudioTokens) * 2 * config.Width * Size(type);

    private static long Frames(Bundle bundle) => (bundle.ClipFrames - 1) / new BundleBlueprint(bundle).Autoencoder.TemporalStride() + 1;

    /// <summary>The reader of the prompt, without the rows of its words, which stay in the host's memory.</summary>
    private static long Text(Bundle bundle)
    {
        var config = new BundleBlueprint(bundle).Text;
        return Bytes(2, weights => _ = new UmT5Encoder(weights, config)) - 2L * config.Vocabulary * config.Width; // two bytes, as a GPU reads it
    }

    /// <summary>Everything but the blocks and the reader of the prompt.</summary>
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
