using Locutor.Generation.Loading;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoTransformer;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>
/// Measures one pass of the transformer on random tokens. Before that it compares a network with fewer blocks with the plain float32
/// path.
/// </summary>
internal sealed class PassBench(BenchOptions options, Meter meter, Ceilings ceilings)
{
    /// <summary>The number of blocks of the network that is compared.</summary>
    private const int ComparedBlocks = 2;

    private const string Part = "pass";

    private readonly ScalarType type = options.Precision.Arithmetic(options.Device);
    private readonly LinearPrecision linears = options.Precision.Linears() ?? LinearPrecision.Plain;

    public IEnumerable<BenchRow> Run()
    {
        var config = new BundleBlueprint(options.Bundle).Transformer;
        if (options.Check) yield return Meter.Checked(Compare(config with { Blocks = Math.Min(ComparedBlocks, config.Blocks) }));
        using var inputs = new PassInputs(options, config);
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        double seconds = 0, clip = 0;
        double? memory = meter.Peak(() =>
        {
            using var network = new VideoTransformer(Weights(parameters, type, linears), config, MemoryPlan.Within(options.Bundle, options.VramBudget, type, linears).Residency);
            clip = meter.Median(() => inputs.Conditions(network));
            using var scope = NewDisposeScope();
            var given = inputs.Conditions(network);
            seconds = meter.Median(() => inputs.Pass(network, given));
        });
        yield return new BenchRow(Part, $"text, picture and speech keys and values, once a clip", clip);
        yield return new BenchRow(Part, $"one pass, {Named(type, linears, inputs.Grid)}, {inputs.Grid.Tokens} tokens{Budget}", seconds)
        {
            Floor = Work.PassFloor(config, inputs.Grid, ceilings, type, linears, options.Device),
            MemoryGiB = memory,
        };
    }

    /// <summary>Returns the largest allowed relative error of a pass of two blocks against float32.</summary>
    private static double Allowed(ScalarType type, LinearPrecision linears) => linears switch
    {
        LinearPrecision.Float8 => 6e-2,
        LinearPrecision.Int8 => 4e-2,
        _ => type == ScalarType.Float32 ? 1e-4 : 2e-2,
    };

    private BenchRow Compare(VideoTransformerConfig config)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var inputs = new PassInputs(options, config);
        var found = Said(inputs, config, type, linears);
        using var plain = TorchOptions.Override(TorchOptions.Current with { PlainKernels = true });
        using var exact = Said(inputs, config, ScalarType.Float32, LinearPrecision.Plain);
        return new BenchRow(Part, $"{config.Blocks} blocks, {Named(type, linears, inputs.Grid)}, against plain float32", null)
        {
            Error = Meter.RelativeError(found, exact),
            ErrorAllowed = Allowed(type, linears),
        };
    }

    private Tensor Said(PassInputs inputs, VideoTransformerConfig config, ScalarType arithmetic, LinearPrecision held)
    {
        using var scope = NewDisposeScope();
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        var network = new VideoTransformer(Weights(parameters, arithmetic, held), config);
        return inputs.Pass(network, inputs.Conditions(network)).MoveToOuterDisposeScope();
    }

    private Weights Weights(RandomParameters parameters, ScalarType arithmetic, LinearPrecision held) => new Weights(parameters, arithmetic, options.Device).With(held);

    private string Budget => options.VramBudget is { } budget ? FormattableString.Invariant($", within {budget / (double)(1L << 30):0.#} GiB") : "";

    private string Named(ScalarType type, LinearPrecision held, PatchGrid grid)
    {
        bool widened = GpuPaths.ForGpu(options.Device) is { } paths && paths.ActivationPrecision(held) != held, eightBit = ceilings.SelfAttention(type, held, options.Device, grid.Tokens) == Ceilings.EightBitAttention;
        string layers = held == LinearPrecision.Plain ? $"{type}" : widened ? $"{held} weights widened to {type}" : $"{held} linears, {(eightBit ? "8-bit self" : type)} attention";
        return layers.ToLowerInvariant();
    }
}

/// <summary>Random inputs of a pass at the size of the options.</summary>
internal sealed class PassInputs : IDisposable
{
    private readonly Tensor latent, reference, text, image, windows, timestep;
    private readonly RotaryTable rotary;

    public PassInputs(BenchOptions options, VideoTransformerConfig config)
    {
        Grid = GridOf(options, config);
        long frames = Grid.Frames, height = Grid.Rows * config.Patch, width = Grid.Columns * config.Patch;
        using var scope = NewDisposeScope();
        latent = Normal(options, 1, config.LatentChannels, frames, height, width);
        reference = Normal(options, 1, config.ConditioningChannels, frames, height, width);
        text = Normal(options, 1, Math.Min(20, config.TextTokens), config.TextWidth);
        image = Normal(options, 1, new BundleBlueprint(options.Bundle).Image.Tokens(), config.ImageWidth);
        windows = Normal(options, 1, 1, options.Frames, config.AudioWindow, config.AudioBlocks, config.AudioChannels);
        timestep = tensor([500f], device: options.Device).DetachFromDisposeScope();
        rotary = RotaryTable.Create(config.HeadWidth, Grid, options.Device);
    }

    public PatchGrid Grid { get; }

    /// <summary>Returns the grid of tokens of a pass at the size of the options.</summary>
    public static PatchGrid GridOf(BenchOptions options, VideoTransformerConfig config)
    {
        var vae = new BundleBlueprint(options.Bundle).Autoencoder;
        int side = vae.SpatialStride() * config.Patch;
        return new PatchGrid((options.Frames - 1) / vae.TemporalStride() + 1, options.Height / side, options.Width / side);
    }

    public Conditioning Conditions(VideoTransformer network) => new(network.EmbedText(text), network.EmbedImage(image), network.EmbedAudio(windows));

    public Tensor Pass(VideoTransformer network, Conditioning given) => network.Forward(latent, reference, timestep, given, rotary);

    public void Dispose()
    {
        foreach (var one in new[] { latent, reference, text, image, windows, timestep }) one.Dispose();
        rotary.Dispose();
    }

    private static Tensor Normal(BenchOptions options, params long[] shape) => randn(shape, ScalarType.Float32, options.Device).DetachFromDisposeScope();
}
