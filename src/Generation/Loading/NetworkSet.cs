using Locutor.Checkpoints;
using Locutor.Generation.Blueprints;
using Locutor.Generation.Pictures;
using Locutor.Generation.Preparation;
using Locutor.Kernels.Arithmetic;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Kernels.SelfTests;
using Locutor.Media.Pictures;
using Locutor.Models;
using Locutor.Models.Store;
using Locutor.Networks.ClipVision;
using Locutor.Networks.FaceUpsampler;
using Locutor.Networks.Layers;
using Locutor.Networks.Teams;
using Locutor.Networks.Tokenizer;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using Locutor.Torch.Devices;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>The loaded networks of a bundle, ready to run on one device.</summary>
public sealed class NetworkSet : IDisposable
{
    private const int StillFrames = 5; // the autoencoder reconstructs the first frame of a video less well than later ones

    private readonly List<IDisposable> owned = [];
    private readonly IReadOnlyList<TeamMember> helpers;
    private readonly UmT5Encoder text;
    private readonly Func<string, int[]> tokenize;
    private (Picture Picture, Tensor Drawn)? still;

    private NetworkSet(
        Bundle bundle, LoadingOptions options, Func<string, int[]> tokenize, Func<NetworkKind, ScalarType, Device?, Weights> openOn,
        Func<LoadingOptions, NetworkSet> reopen)
    {
        var (device, type) = options;
        Bundle = bundle;
        Device = device;
        this.tokenize = tokenize;
        var sizes = new BundleBlueprint(bundle);
        Weights open(NetworkKind kind, ScalarType arithmetic) => openOn(kind, arithmetic, null);
        var transformer = open(NetworkKind.Transformer, type);
        var plan = MemoryPlan.Within(bundle, options.Budget, type, transformer.Linears);
        Precision = (transformer.Linears == LinearPrecision.Plain ? type.ToString() : transformer.Linears.ToString()).ToLowerInvariant();
        Finer = FinerNetworks.Above(
            device, type, transformer.Linears, finer => reopen(options with { Type = finer, Linears = LinearPrecision.Plain }));
        var textDevice = plan.TextStays ? Arithmetic.ForText(device) : CPU;
        if (textDevice.type == TorchSharp.DeviceType.CPU) CpuChecks.RequireFloat32();
        Transformer = new(transformer, sizes.Transformer, plan.Residency);
        Autoencoder = new(open(NetworkKind.Autoencoder, type), sizes.Autoencoder)
        {
            MemoryBudget = plan.AutoencoderRoom,
            Helpers = [.. options.Helpers.Select(helper => DeviceThreads.On(
                helper, () => new AutoencoderHelper(helper, new(openOn(NetworkKind.Autoencoder, type, helper), sizes.Autoencoder))))],
        };
        text = new(open(NetworkKind.Text, Arithmetic.ForEncoders(textDevice)).On(textDevice).AsStored(), sizes.Text);
        Image = new(open(NetworkKind.Image, Arithmetic.ForEncoders(device)), sizes.Image);
        Speech = new(open(NetworkKind.Speech, ScalarType.Float32), sizes.Speech);
        if (sizes.Upsampler is { } upsampler) Upsampler = new(open(NetworkKind.Upsampler, type), upsampler);
        foreach (var helper in options.Helpers) DeviceThreads.On(helper, () => GpuPaths.ForGpu(helper)); // its self test
        helpers = [.. options.Helpers.Select(helper => DeviceThreads.On(
            helper, () => new TeamMember(helper, new(openOn(NetworkKind.Transformer, type, helper), sizes.Transformer, plan.Residency))))];
        Team = new TransformerTeam([new(device, Transformer), .. helpers]);
        Notices = SaveSelfTests([textDevice, device, .. options.Helpers]);
    }

    public Bundle Bundle { get; }

    /// <summary>A line for each file: the number of tensors that were taken from it and that it changed.</summary>
    public IReadOnlyList<string> Summary { get; private init; } = [];

    /// <summary>Precision of the transformer's blocks, for messages.</summary>
    public string Precision { get; }

    /// <summary>True after the first video: its first clip took longer, because operations were used for the first time.</summary>
    internal bool HasMadeVideo { get; set; }

    /// <summary>The networks in the next higher precision; null if there is none.</summary>
    public FinerNetworks? Finer { get; }

    /// <summary>
    /// Messages for the user: a line for each device on which an operation uses a fallback path or dtype because the usual one failed the
    /// self test, and one if weights are not multiplied in their stored precision.
    /// </summary>
    public IReadOnlyList<string> Notices { get; private set; }

    /// <summary>The device that runs the networks; of several, the first.</summary>
    public Device Device { get; }

    public VideoTransformer Transformer { get; }

    /// <summary>The transformer on all devices of <see cref="LoadingOptions.Helpers"/> and on <see cref="Device"/>.</summary>
    public TransformerTeam Team { get; }

    public VideoAutoencoder Autoencoder { get; }

    public ClipVisionEncoder Image { get; }

    public Wav2Vec2Encoder Speech { get; }

    /// <summary>Upsamples moving parts to the portrait's size; null if the bundle has no upsampler.</summary>
    public FaceUpsampler? Upsampler { get; }

    /// <summary>
    /// Loads the networks of a bundle. If a file prepared from a network's sources exists, it is used instead of them. A bundle without
    /// files gets random parameters.
    /// </summary>
    /// <exception cref="DeviceOutOfMemoryException">The device has too little memory.</exception>
    /// <exception cref="CheckpointException">A file does not fit the network.</exception>
    /// <exception cref="BundleException">A file is not on disk.</exception>
    public static NetworkSet Load(ResolvedBundle model, LoadingOptions options) =>
        model.Folder is null ? Random(model.Bundle, 0, options) : DeviceOutOfMemoryException.Watch(() => LoadFiles(model, options));

    private static NetworkSet LoadFiles(ResolvedBundle model, LoadingOptions options)
    {
        CudaMemory.Configure(options.Device, options.Budget);
        var bundle = model.Bundle;
        var sources = new NetworkSources(model, options.Adapters, options.Device);
        var opened = new List<IDisposable>();
        try
        {
            var tokenizer = TextTokenizer.Open(model.Locate(bundle.Networks.Tokenizer));
            var built = new List<(NetworkKind Kind, CheckpointParameters Parameters)>();
            var (summary, notices) = (new List<string>(), new List<string>());
            var set = new NetworkSet(
                bundle, options, prompt => tokenizer.Encode(prompt), Open, finer => Load(model, finer))
            { Summary = summary };
            set.owned.AddRange(opened);
            set.Notices = [.. set.Notices, .. notices];
            var blueprint = new BundleBlueprint(bundle);
            foreach (var (kind, parameters) in built) parameters.RequireAllUsed(key => blueprint.Ignores(kind, key));
            return set;

            Weights Open(NetworkKind kind, ScalarType arithmetic, Device? helper)
            {
                bool transformer = kind == NetworkKind.Transformer;
                var source = sources.OpenToRun(kind, arithmetic, transformer ? options.Linears : null);
                opened.Insert(0, source);
                var parameters = new CheckpointParameters(source.Checkpoint, source.Adapters);
                opened.Insert(0, parameters);
                built.Add((kind, parameters));
                if (helper is null) summary.AddRange(source.Summary);
                var weights = new Weights(parameters, arithmetic, helper ?? options.Device);
                if (transformer)
                {
                    weights = weights.With(
                        KeptPrecision(source, helper ?? options.Device, options.Linears, helper is null ? notices : []));
                }
                return BundleBlueprint.Below(weights, bundle.Network(kind));
            }
        }
        catch
        {
            foreach (var one in opened) one.Dispose();
            throw;
        }
    }

    /// <summary>Creates small networks with random parameters from a seed. The whole pipeline runs, and the videos show noise.</summary>
    public static NetworkSet Untrained(long seed, Device device, ScalarType type) =>
        Random(UntrainedBundle.Bundle, seed, new(device, type));

    /// <summary>
    /// Creates networks of a bundle's sizes with random parameters from a seed, generated on the device; no file is needed.
    /// </summary>
    public static NetworkSet Random(Bundle bundle, long seed, LoadingOptions options)
    {
        var (parameters, seeds) = (new List<RandomParameters>(), new Dictionary<NetworkKind, long>());
        var set = new NetworkSet(bundle, options, UntrainedBundle.Tokenize, Open, finer => Random(bundle, seed, finer));
        set.owned.AddRange(parameters);
        return set;

        Weights Open(NetworkKind kind, ScalarType arithmetic, Device? helper)
        {
            seeds.TryAdd(kind, seed + seeds.Count); // a helper has the same numbers
            parameters.Add(new RandomParameters(seeds[kind], onDevice: options.Device.type != TorchSharp.DeviceType.CPU));
            return new Weights(parameters[^1], arithmetic, helper ?? options.Device)
                .With(kind == NetworkKind.Transformer ? options.Linears ?? LinearPrecision.Plain : LinearPrecision.Plain);
        }
    }

    /// <summary>
    /// Selects the precision in which the transformer's matrices are kept. A GPU keeps 8-bit matrices in the kind that it multiplies; a CPU
    /// would have to dequantise them for every product.
    /// </summary>
    private static LinearPrecision KeptPrecision(NetworkSource source, Device device, LinearPrecision? asked, List<string> notices)
    {
        var first = source.Checkpoint.Tensors.FirstOrDefault(
            entry => entry.Key.EndsWith("blocks.0.self_attn.q.weight", StringComparison.Ordinal)).Value;
        var stored = source.Usual ?? first?.Type switch
        {
            ElementType.Float8E4M3 => LinearPrecision.Float8,
            ElementType.Int8 => LinearPrecision.Int8,
            _ => LinearPrecision.Plain,
        };
        if (GpuPaths.ForGpu(device) is not { } paths) return asked ?? LinearPrecision.Plain;
        var held = asked ?? paths.StoragePrecision(stored);
        if (paths.Notice(asked ?? stored, held) is { } notice) notices.Add(notice);
        return held;
    }

    /// <summary>Computes the embedding of a prompt, one row per token: [1, tokens, text width], float32.</summary>
    public Tensor EmbedText(string prompt)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        long[] ids = [.. tokenize(prompt).Select(id => (long)id)];
        var row = tensor(ids).unsqueeze(0);
        return text.Forward(row, ones_like(row)).to(ScalarType.Float32, Device).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Encodes and decodes a picture repeated for five frames: [3, 5, H, W], about in [-1, 1], float32. The result is cached until the next
    /// picture.
    /// </summary>
    public Tensor DrawStill(Picture picture)
    {
        if (still is { } known && ReferenceEquals(known.Picture, picture)) return known.Drawn;
        var drawn = DrawStill(Autoencoder, Device, picture).DetachFromDisposeScope();
        still?.Drawn.Dispose();
        still = (picture, drawn);
        return drawn;
    }

    /// <summary>Encodes and decodes a picture repeated for five frames, as the other overload; the caller owns the result.</summary>
    internal static Tensor DrawStill(VideoAutoencoder autoencoder, Device device, Picture picture)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var shown = Pixels.FromPicture(picture).unsqueeze(0).expand(-1, -1, StillFrames, -1, -1).to(device);
        return autoencoder.Decode(autoencoder.Encode(shown)).squeeze(0).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        still?.Drawn.Dispose();
        Team.Dispose();
        foreach (var helper in helpers) helper.Transformer.Dispose();
        Transformer.Dispose();
        foreach (var one in owned) one.Dispose();
    }

    /// <summary>
    /// Stores the results of the self test that ran while the networks were built, and returns a message for each fallback.
    /// </summary>
    private static string[] SaveSelfTests(params Device[] devices)
    {
        SelfTest[] tests = [.. devices.Select(SelfTest.On).Distinct()];
        foreach (var test in tests) test.Save();
        var withoutBFloat16 = devices.Select(GpuPaths.ForGpu).Where(paths => paths is { Half: not ScalarType.BFloat16 }).Distinct()
            .Select(paths =>
                $"a GPU of capability {paths!.Capability} has no bfloat16: networks compute in " +
                $"{$"{paths.Half}".ToLowerInvariant()}, and the CPU encodes the prompt");
        return [.. tests.Select(test => test.Notice).OfType<string>(), .. withoutBFloat16];
    }
}
