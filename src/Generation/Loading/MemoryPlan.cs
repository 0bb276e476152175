using System.Globalization;
using Locutor.Generation.Blueprints;
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

/// <summary>A plan of the parameters that stay in GPU memory when a memory limit is set.</summary>
/// <param name="Residency">Number of transformer blocks that stay.</param>
/// <param name="TextStays">True if the text encoder stays too. It is needed once per video, so it is offloaded first; it never stays if the
/// networks compute in float16.</param>
/// <param name="AutoencoderRoom">Memory in bytes that the autoencoder may use in addition to the parameters that stay and the transformer's
/// keys and values; null for no limit.</param>
public sealed record MemoryPlan(BlockResidency Residency, bool TextStays, long? AutoencoderRoom)
{
    private const int AudioPasses = 2, ImageTokens = 257;

    /// <summary>Computes a plan in which a clip fits the limit at the largest picture of the bundle's default size.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="budget">Limit in bytes; null for no limit.</param>
    /// <param name="type">Dtype in which the transformer and the autoencoder compute.</param>
    /// <param name="linears">Precision of the transformer's matrices.</param>
    public static MemoryPlan Within(Bundle bundle, long? budget, ScalarType type, LinearPrecision linears)
    {
        if (budget is not { } limit) return new(BlockResidency.All, true, null);
        var config = new BundleBlueprint(bundle).Transformer;
        long block = VideoTransformer.BlockBytes(config, type, linears), networks = Networks(bundle, config, type), text = Text(bundle),
            keysValues = KeysAndValues(bundle, config, type);
        long withoutBlocks = CudaMemory.DriverOverheadBytes + Activations(bundle, config, type) + keysValues + networks;
        var residency = BlockResidency.Within(limit, withoutBlocks, block, config.Blocks);
        bool textStays = type != ScalarType.Float16 && limit >= withoutBlocks + config.Blocks * block + text;
        long blocks = residency.Resident >= config.Blocks ? config.Blocks : residency.Resident + residency.Slots;
        long held = CudaMemory.DriverOverheadBytes + networks + blocks * block + keysValues + (textStays ? text : 0);
        // An eighth is reserved for the preceding clip, which is still being written.
        return new(residency, textStays, Math.Max(0, limit - held) / 8 * 7);
    }

    /// <summary>
    /// Parses a memory size such as 24, 24GiB or 24GB and returns bytes; a number without a unit is in GiB. Null returns null.
    /// </summary>
    /// <exception cref="RequestException">The text is not a memory size.</exception>
    public static long? Parse(string? text)
    {
        if (text is null) return null;
        var (number, unit) = text.EndsWith("GiB", StringComparison.OrdinalIgnoreCase)
            ? (text[..^3], 1L << 30)
            : text.EndsWith("GB", StringComparison.OrdinalIgnoreCase) ? (text[..^2], 1_000_000_000L)
            : (text, 1L << 30);
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is > 0 and < 100_000
            ? (long)(value * unit)
            : throw new RequestException("vram_budget", $"expected a number of GiB, such as 24, 24GiB or 24GB, found '{text}'");
    }

    /// <summary>
    /// Size of the activations. Up to ten tensors of the token width exist at once; with int8 linears the maximum is in the widest matrix
    /// product.
    /// </summary>
    private static long Activations(Bundle bundle, VideoTransformerConfig config, ScalarType type)
    {
        var autoencoder = new BundleBlueprint(bundle).Autoencoder;
        int side = autoencoder.SpatialStride() * config.Patch;
        long tokens = Frames(bundle) * bundle.Sizes[bundle.DefaultSize].Max(picture => (long)picture[0] * picture[1]) / side / side;
        return tokens * 11 * config.Width * Size(type);
    }

    /// <summary>Size of the keys and values of a clip's text, picture and speech.</summary>
    private static long KeysAndValues(Bundle bundle, VideoTransformerConfig config, ScalarType type) =>
        config.Blocks * (config.TextTokens + ImageTokens + AudioPasses * Frames(bundle) * config.AudioTokens) * 2 * config.Width
            * Size(type);

    private static long Frames(Bundle bundle) => (bundle.ClipFrames - 1) / new BundleBlueprint(bundle).Autoencoder.TemporalStride() + 1;

    /// <summary>Size of the text encoder without its token embedding, which stays in host memory.</summary>
    private static long Text(Bundle bundle)
    {
        var config = new BundleBlueprint(bundle).Text;
        // Two bytes per parameter, in the 16-bit dtype of a GPU.
        return Bytes(2, weights => _ = new UmT5Encoder(weights, config)) - 2L * config.Vocabulary * config.Width;
    }

    /// <summary>Size of all networks without the transformer's blocks and the text encoder.</summary>
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
