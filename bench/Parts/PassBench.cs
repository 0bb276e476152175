using Locutor.Generation.Blueprints;
using Locutor.Generation.Loading;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.Teams;
using Locutor.Networks.VideoTransformer;
using Locutor.Torch;
using Locutor.Torch.Devices;
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
        double seconds = 0, clip = 0;
        double? memory = meter.Peak(() =>
        {
            using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
            using var network = new VideoTransformer(
                Weights(parameters, type, linears), config, MemoryPlan.Within(options.Bundle, options.VramBudget, type, linears).Residency);
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
        if (options.Gpus.Count > 1)
            foreach (var row in OnSeveralGpus(config, inputs, seconds)) yield return row;
    }

    /// <summary>Measures one pass that is divided over all GPUs, and two passes, each on a part of the GPUs.</summary>
    private IEnumerable<BenchRow> OnSeveralGpus(VideoTransformerConfig config, PassInputs inputs, double alone)
    {
        if (options.Check) yield return Meter.Checked(CompareSeveral(config with { Blocks = Math.Min(ComparedBlocks, config.Blocks) }));
        using var team = new OwnedTeam(options, config, type, linears);
        foreach (int passes in (int[])[1, 2])
        {
            double seconds = 0;
            double? memory = meter.Peak(() => seconds = team.Measure(meter, inputs, passes), options.Gpus);
            var plan = team.Team.Plan(passes);
            string divided = $"{(passes == 1 ? "one pass" : $"{passes} passes")} on {plan.Devices} GPUs, {plan.Groups} x {plan.GroupSize}";
            yield return new BenchRow(Part, FormattableString.Invariant($"{divided}: {seconds / (passes * alone):0.000} x of one"), seconds)
            {
                MemoryGiB = memory,
            };
        }
    }

    private BenchRow CompareSeveral(VideoTransformerConfig config)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var inputs = new PassInputs(options, config);
        using var team = new OwnedTeam(options, config, type, linears);
        using var passes = inputs.Begin(team.Team);
        var found = inputs.Passes(passes, team.Team.Lead, inputs.Conditions(team.Team.Lead), 1);
        using var plain = TorchOptions.Override(TorchOptions.Current with { PlainKernels = true });
        using var exact = Velocity(inputs, config, ScalarType.Float32, LinearPrecision.Plain);
        return new BenchRow(Part, $"{config.Blocks} blocks on {options.Gpus.Count} GPUs, against plain float32 on one", null)
        {
            Error = Meter.RelativeError(found, exact),
            ErrorAllowed = Allowed(type, linears),
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
        var found = Velocity(inputs, config, type, linears);
        using var plain = TorchOptions.Override(TorchOptions.Current with { PlainKernels = true });
        using var exact = Velocity(inputs, config, ScalarType.Float32, LinearPrecision.Plain);
        return new BenchRow(Part, $"{config.Blocks} blocks, {Named(type, linears, inputs.Grid)}, against plain float32", null)
        {
            Error = Meter.RelativeError(found, exact),
            ErrorAllowed = Allowed(type, linears),
        };
    }

    private Tensor Velocity(PassInputs inputs, VideoTransformerConfig config, ScalarType arithmetic, LinearPrecision held)
    {
        using var scope = NewDisposeScope();
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        var network = new VideoTransformer(Weights(parameters, arithmetic, held), config);
        return inputs.Pass(network, inputs.Conditions(network)).MoveToOuterDisposeScope();
    }

    private Weights Weights(RandomParameters parameters, ScalarType arithmetic, LinearPrecision held) =>
        new Weights(parameters, arithmetic, options.Device).With(held);

    private string Budget =>
        options.VramBudget is { } budget ? FormattableString.Invariant($", within {budget / (double)(1L << 30):0.#} GiB") : "";

    private string Named(ScalarType type, LinearPrecision held, PatchGrid grid)
    {
        bool widened = GpuPaths.ForGpu(options.Device) is { } paths && paths.ActivationPrecision(held) != held,
            eightBit = ceilings.SelfAttention(type, held, options.Device, grid.Tokens) == Ceilings.EightBitAttention;
        string layers = held == LinearPrecision.Plain
            ? $"{type}"
            : widened ? $"{held} weights widened to {type}"
            : $"{held} linears, {(eightBit ? "8-bit self" : type)} attention";
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

    public Conditioning Conditions(VideoTransformer network) =>
        new(network.EmbedText(text), network.EmbedImage(image), network.EmbedAudio(windows));

    public Tensor Pass(VideoTransformer network, Conditioning given) => network.Forward(latent, reference, timestep, given, rotary);

    public ClipPasses Begin(TransformerTeam team) => team.Begin(reference);

    /// <summary>Runs equal passes of one step on the devices of a team and returns the last velocity.</summary>
    public Tensor Passes(ClipPasses passes, VideoTransformer lead, Conditioning given, int count) =>
        passes.Forward(latent, lead.EmbedTime(timestep), [.. Enumerable.Repeat(new PassRequest(given), count)])[^1];

    public void Dispose()
    {
        foreach (var one in new[] { latent, reference, text, image, windows, timestep }) one.Dispose();
        rotary.Dispose();
    }

    private static Tensor Normal(BenchOptions options, params long[] shape) =>
        randn(shape, ScalarType.Float32, options.Device).DetachFromDisposeScope();
}

/// <summary>Networks with equal random weights on every GPU of the options.</summary>
internal sealed class OwnedTeam : IDisposable
{
    private readonly List<RandomParameters> parameters;
    private readonly List<TeamMember> members;

    public OwnedTeam(BenchOptions options, VideoTransformerConfig config, ScalarType type, LinearPrecision linears)
    {
        parameters = [.. options.Gpus.Select(gpu => new RandomParameters(options.Seed, onDevice: gpu.type != TorchSharp.DeviceType.CPU))];
        members = [.. options.Gpus.Zip(parameters, (gpu, held) => DeviceThreads.On(
            gpu, () => new TeamMember(gpu, new VideoTransformer(new Weights(held, type, gpu).With(linears), config))))];
        Team = new TransformerTeam(members);
    }

    public TransformerTeam Team { get; }

    /// <summary>Returns the median seconds of a step of some passes.</summary>
    public double Measure(Meter meter, PassInputs inputs, int passes)
    {
        using var scope = NewDisposeScope();
        var given = inputs.Conditions(Team.Lead);
        using var clip = inputs.Begin(Team);
        return meter.Median(() => inputs.Passes(clip, Team.Lead, given, passes));
    }

    public void Dispose()
    {
        Team.Dispose();
        foreach (var member in members) member.Transformer.Dispose();
        foreach (var one in parameters) one.Dispose();
    }
}
