using System.Globalization;
using Locutor.Generation.Requests;
using Locutor.Kernels.Quantisation;
using Locutor.Models;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.Residency;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>What stays in a GPU's memory when it may not all be used.</summary>
/// <param name="Residency">How many blocks of the transformer stay.</param>
/// <param name="TextStays">Whether the text encoder stays too. It is needed once a video, and so is the first to leave; it never stays where networks compute in float16.</param>
/// <param name="AutoencoderRoom">Bytes that the autoencoder may take beside all parameters that stay, while the transformer only keeps its keys and values; null sets no limit.</param>
public sealed record MemoryPlan(BlockResidency Residency, bool TextStays, long? AutoencoderRoom)
{
    private const int AudioPasses = 2, ImageTokens = 257;

    /// <summary>So that a clip of the bundle's largest picture of its default size fits the budget.</summary>
    /// <param name="budget">Bytes; null sets no limit.</param>
    public static MemoryPlan Within(Bundle bundle, long? budget, ScalarType type, LinearPrecision linears)
    {
        if (budget is not { } limit) return new(BlockResidency.All, true, null);
        var config = new BundleBlueprint(bundle).Transformer;
        long block = VideoTransformer.BlockBytes(config, type, linears), networks = Networks(bundle, config, type), text = Text(bundle), kept = Kept(bundle, config, type);
        long beside = CudaMemory.DriverOverheadBytes + Tokens(bundle, config, type) + kept + networks;
        var residency = BlockResidency.Within(limit, beside, block, config.Blocks);
        bool textStays = type != ScalarType.Float16 && limit >= beside + config.Blocks * block + text;
        long blocks = residency.Resident >= config.Blocks ? config.Blocks : residency.Resident + residency.Slots;
        long held = CudaMemory.DriverOverheadBytes + networks + blocks * block + kept + (textStays ? text : 0);
        return new(residency, textStays, Math.Max(0, limit - held) / 8 * 7); // an eighth for the clip before, which is still on its way out
    }

    /// <summary>Reads 24, 24GiB or 24GB: bytes, a number alone being GiB.</summary>
    /// <exception cref="RequestException">Something else.</exception>
    public static long? Parse(string? text)
    {
        if (text is null) return null;
        var (number, unit) = text.EndsWith("GiB", StringComparison.OrdinalIgnoreCase) ? (text[..^3], 1L << 30) : text.EndsWith("GB", StringComparison.OrdinalIgnoreCase) ? (text[..^2], 1_000_000_000L) : (text, 1L << 30);
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is > 0 and < 100_000
            ? (long)(value * unit)
            : throw new RequestException("vram_budget", $"expected a number of GiB, such as 24, 24GiB or 24GB, found '{text}'");
    }

    /// <summary>Nine or ten tensors as wide as a token live at once (with int8 linears in their widest product).</summary>
    private static long Tokens(Bundle bundle, VideoTransformerConfig config, ScalarType type)
    {
        var autoencoder = new BundleBlueprint(bundle).Autoencoder;
        int side = autoencoder.SpatialStride() * config.Patch;
        long tokens = Frames(bundle) * bundle.Sizes[bundle.DefaultSize].Max(picture => (long)picture[0] * picture[1]) / side / side;
        return tokens * 11 * config.Width * Size(type);
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
