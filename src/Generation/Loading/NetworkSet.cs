using Locutor.Checkpoints;
using Locutor.Kernels.Arithmetic;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Models;
using Locutor.Models.Hub;
using Locutor.Models.Store;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.Tokenizer;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>The networks of a bundle, ready to run on one device.</summary>
public sealed class NetworkSet : IDisposable
{
    private readonly List<IDisposable> owned = [];
    private readonly UmT5Encoder text;
    private readonly Func<string, int[]> tokenize;

    private NetworkSet(Bundle bundle, Device device, Func<string, int[]> tokenize, Func<string, ScalarType, Weights> open, ScalarType type, long? budget, Func<ScalarType, NetworkSet> openFiner)
    {
        Bundle = bundle;
        Device = device;
        this.tokenize = tokenize;
        var sizes = new BundleBlueprint(bundle);
        var transformer = open("transformer", type);
        var plan = MemoryPlan.Within(bundle, budget, type, transformer.Linears);
        Precision = (transformer.Linears == LinearPrecision.Plain ? type.ToString() : transformer.Linears.ToString()).ToLowerInvariant();
        Finer = FinerNetworks.Above(device, type, transformer.Linears, openFiner);
        var textDevice = plan.TextStays ? Arithmetic.OfText(device) : CPU;
        if (textDevice.type == TorchSharp.DeviceType.CPU) ProcessorChecks.RequireFloat32();
        Transformer = new(transformer, sizes.Transformer, plan.Residency);
        Autoencoder = new(open("autoencoder", type), sizes.Autoencoder) { Room = plan.AutoencoderRoom };
        text = new(open("text", Arithmetic.OfEncoders(textDevice)).On(textDevice).AsStored(), sizes.Text);
        Image = new(open("image", Arithmetic.OfEncoders(device)), sizes.Image);
        Speech = new(open("speech", ScalarType.Float32), sizes.Speech);
        Notices = Tested(textDevice, device);
    }

    public Bundle Bundle { get; }

    /// <summary>A line for each file: how many tensors it gave and changed.</summary>
    public IReadOnlyList<string> Summary { get; private init; } = [];

    /// <summary>Precision of the transformer's blocks, for messages.</summary>
    public string Precision { get; }

    /// <summary>These networks one step up in precision; null where there is no step.</summary>
    public FinerNetworks? Finer { get; }

    /// <summary>A line for each device that computes an operation by another path than usual, because the usual one is wrong there, or in another type than usual, and one for weights that it does not multiply as they are stored.</summary>
    public IReadOnlyList<string> Notices { get; private set; }

    public Device Device { get; }

    public VideoTransformer Transformer { get; }

    public VideoAutoencoder Autoencoder { get; }

    public ClipVisionEncoder Image { get; }

    public Wav2Vec2Encoder Speech { get; }

    /// <summary>
    /// Reads a bundle's networks from its folder and from the store of fetched files; a network that was prepared, from its prepared file.
    /// </summary>
    /// <param name="folder">Where the shipped files stand.</param>
    /// <param name="type">Arithmetic of the transformer and the autoencoder.</param>
    /// <param name="adapters">Merged into the transformer.</param>
    /// <param name="linears">How the matrices of the transformer's blocks are held; null: on a GPU as they are stored, elsewhere plain.</param>
    /// <param name="budget">Bytes of the device to make do with: the prompt is read by the processor, blocks of the transformer come in turn, and pictures go through the autoencoder in as small parts as need be. Null: all of it.</param>
    /// <param name="store">Folder of fetched and prepared files; null takes the usual one.</param>
    /// <exception cref="DeviceOutOfMemoryException">The device has too little memory.</exception>
    /// <exception cref="CheckpointException">A file does not fit.</exception>
    /// <exception cref="BundleException">A file is not on disk.</exception>
    public static NetworkSet Load(Bundle bundle, string folder, Device device, ScalarType type, IReadOnlyList<BundleAdapter> adapters, LinearPrecision? linears = null, long? budget = null, string? store = null) =>
        DeviceOutOfMemoryException.Watch(() => LoadAll(bundle, folder, device, type, adapters, linears, budget, store ?? ModelStore.DefaultFolder));

    private static NetworkSet LoadAll(Bundle bundle, string folder, Device device, ScalarType type, IReadOnlyList<BundleAdapter> adapters, LinearPrecision? linears, long? budget, string storeFolder)
    {
        CudaMemory.Configure(device, budget);
        using var store = new ModelStore(storeFolder, HubOptions.FromEnvironment());
        var sources = new NetworkSources(store, bundle, folder, adapters, device);
        var opened = new List<IDisposable>();
        try
        {
            var tokenizer = TextTokenizer.Open(store.Locate(bundle.Networks.Tokenizer, folder, bundle.Name));
            var built = new List<(string Network, CheckpointParameters Parameters)>();
            var (summary, notices) = (new List<string>(), new List<string>());
            var set = new NetworkSet(bundle, device, prompt => tokenizer.Encode(prompt), Open, type, budget, OpenFiner) { Summary = summary };
            set.owned.AddRange(opened);
            set.Notices = [.. set.Notices, .. notices];
            foreach (var (network, parameters) in built) parameters.RequireAllUsed(key => set.Leaves(network, key));
            return set;

            NetworkSet OpenFiner(ScalarType finer) => Load(bundle, folder, device, finer, adapters, LinearPrecision.Plain, budget, storeFolder);

            Weights Open(string network, ScalarType arithmetic)
            {
                bool transformer = network == "transformer";
                var source = sources.OpenToRun(network, arithmetic, transformer ? linears : null);
                opened.Insert(0, source);
                var parameters = new CheckpointParameters(source.Checkpoint, source.Adapters);
                opened.Insert(0, parameters);
                built.Add((network, parameters));
                summary.AddRange(source.Summary);
                var weights = new Weights(parameters, arithmetic, device);
                if (transformer) weights = weights.With(Held(source.Checkpoint, device, linears, notices));
                return BundleBlueprint.Below(weights, bundle.Network(network));
            }
        }
        catch
        {
            foreach (var one in opened) one.Dispose();
            throw;
        }
    }

    /// <summary>Small networks of seeded random numbers: everything runs, and the pictures are noise.</summary>
    public static NetworkSet Untrained(long seed, Device device, ScalarType type) => Random(UntrainedBundle.Bundle, seed, device, type);

    /// <summary>Networks of a bundle's sizes and of seeded random numbers, drawn on the device; no file is needed.</summary>
    public static NetworkSet Random(Bundle bundle, long seed, Device device, ScalarType type, LinearPrecision linears = LinearPrecision.Plain, long? budget = null)
    {
        var parameters = new List<RandomParameters>();
        var set = new NetworkSet(bundle, device, UntrainedBundle.Tokenize, Open, type, budget, finer => Random(bundle, seed, device, finer, LinearPrecision.Plain, budget));
        set.owned.AddRange(parameters);
        return set;

        Weights Open(string network, ScalarType arithmetic)
        {
            parameters.Add(new RandomParameters(seed + parameters.Count, onDevice: device.type != TorchSharp.DeviceType.CPU));
            return new Weights(parameters[^1], arithmetic, device).With(network == "transformer" ? linears : LinearPrecision.Plain);
        }
    }

    /// <summary>Bytes stay bytes on a GPU, of the kind that it multiplies; a processor would widen them again for every product.</summary>
    private static LinearPrecision Held(Checkpoint checkpoint, Device device, LinearPrecision? asked, List<string> notices)
    {
        var first = checkpoint.Tensors.FirstOrDefault(entry => entry.Key.EndsWith("blocks.0.self_attn.q.weight", StringComparison.Ordinal)).Value;
        var stored = first?.Type switch { ElementType.Float8E4M3 => LinearPrecision.Float8, ElementType.Int8 => LinearPrecision.Int8, _ => LinearPrecision.Plain };
        if (GpuPaths.ForGpu(device) is not { } paths) return asked ?? LinearPrecision.Plain;
        var held = asked ?? paths.Holds(stored);
        if (paths.Notice(asked ?? stored, held) is { } notice) notices.Add(notice);
        return held;
    }

    /// <summary>Embedding of a prompt, one row for a token: [1, tokens, text width], float32.</summary>
    public Tensor EmbedText(string prompt)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        long[] ids = [.. tokenize(prompt).Select(id => (long)id)];
        var row = tensor(ids).unsqueeze(0);
        return text.Forward(row, ones_like(row)).to(ScalarType.Float32, Device).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Transformer.Dispose();
        foreach (var one in owned) one.Dispose();
    }

    /// <summary>Keeps what the self test found out while these networks were built, and tells what it changed.</summary>
    private static string[] Tested(params Device[] devices)
    {
        SelfTest[] tests = [.. devices.Select(SelfTest.On).Distinct()];
        foreach (var test in tests) test.Save();
        var withoutBFloat16 = devices.Select(GpuPaths.ForGpu).Where(paths => paths is { Half: not ScalarType.BFloat16 }).Distinct()
            .Select(paths => $"a GPU of capability {paths!.Capability} has no bfloat16: networks compute in {$"{paths.Half}".ToLowerInvariant()}, and the processor encodes the prompt");
        return [.. tests.Select(test => test.Notice).OfType<string>(), .. withoutBFloat16];
    }

    /// <summary>Whether that network's file may hold a tensor that it does not read.</summary>
    private bool Leaves(string network, string key)
    {
        var files = Bundle.Network(network);
        if (new BundleBlueprint(Bundle).IsAnothers(files, key)) return true;
        string own = key[files.Prefix.Length..];
        return network switch { "text" => UmT5Encoder.Leaves(own), "image" => Image.Leaves(own), "speech" => Wav2Vec2Encoder.Leaves(own), _ => false };
    }
}
