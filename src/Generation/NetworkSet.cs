using System.Text.Json;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Quantised;
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
using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>The networks of a bundle, ready to run on one device.</summary>
public sealed class NetworkSet : IDisposable
{
    private readonly List<IDisposable> owned = [];
    private readonly UmT5Encoder text;
    private readonly Func<string, int[]> tokenize;

    private NetworkSet(Bundle bundle, Device device, Func<string, int[]> tokenize, Func<NetworkFiles, ScalarType, Weights> open, ScalarType type)
    {
        Bundle = bundle;
        Device = device;
        this.tokenize = tokenize;
        var files = bundle.Networks;
        Transformer = new(open(files.Transformer, type), Config(files.Transformer, "Wan14B", VideoTransformerConfig.Wan14B));
        Autoencoder = new(open(files.Autoencoder, type), Config(files.Autoencoder, "Wan21", VideoAutoencoderConfig.Wan21));
        text = new(open(files.Text, ScalarType.Float32), Config(files.Text, "UmT5Xxl", UmT5Config.Xxl));
        Image = new(open(files.Image, ScalarType.Float32), Config(files.Image, "ClipVitH14", ClipVisionConfig.VitH14));
        Speech = new(open(files.Speech, ScalarType.Float32), Config(files.Speech, "Wav2Vec2Base", Wav2Vec2Config.ChineseBase));
    }

    public Bundle Bundle { get; }

    /// <summary>A line for each file: how many tensors it gave and changed.</summary>
    public IReadOnlyList<string> Summary { get; private init; } = [];

    public Device Device { get; }

    public VideoTransformer Transformer { get; }

    public VideoAutoencoder Autoencoder { get; }

    public ClipVisionEncoder Image { get; }

    public Wav2Vec2Encoder Speech { get; }

    /// <summary>Reads a bundle's networks from its folder and from the store of fetched files.</summary>
    /// <param name="folder">Where the shipped files stand.</param>
    /// <param name="type">Arithmetic of the transformer and the autoencoder.</param>
    /// <param name="adapters">Merged into the transformer.</param>
    /// <param name="linears">How the matrices of the transformer's blocks are held; null: on a GPU as they are stored, elsewhere plain.</param>
    /// <exception cref="CheckpointException">A file does not fit.</exception>
    /// <exception cref="BundleException">A file is not on disk.</exception>
    public static NetworkSet Load(Bundle bundle, string folder, Device device, ScalarType type, IReadOnlyList<BundleAdapter> adapters, LinearPrecision? linears = null)
    {
        var opened = new List<IDisposable>();
        var sources = new List<(NetworkFiles Files, CheckpointParameters Parameters)>();
        var summary = new List<string>();
        using var store = new ModelStore(ModelStore.DefaultFolder, HubOptions.FromEnvironment());
        try
        {
            var tokenizer = TextTokenizer.Open(At(bundle.Networks.Tokenizer));
            var set = new NetworkSet(bundle, device, prompt => tokenizer.Encode(prompt), Open, type) { Summary = summary };
            foreach (var (files, parameters) in sources) parameters.RequireAllUsed(key => set.Leaves(files, key));
            set.owned.AddRange(opened);
            return set;
        }
        catch
        {
            foreach (var one in opened) one.Dispose();
            throw;
        }

        Weights Open(NetworkFiles files, ScalarType arithmetic)
        {
            var checkpoint = NetworkCheckpoint.Open(files.Files.Select(At));
            opened.Insert(0, checkpoint);
            bool transformer = ReferenceEquals(files, bundle.Networks.Transformer);
            var merged = transformer ? adapters.Select(adapter => Adapter(adapter, checkpoint)).ToArray() : [];
            var parameters = new CheckpointParameters(checkpoint, merged);
            opened.Insert(0, parameters);
            sources.Add((files, parameters));
            summary.AddRange([.. checkpoint.Report.Select(part => part.ToString()), .. merged.Select(adapter => adapter.ToString())]);
            var weights = new Weights(parameters, arithmetic, device).With(transformer ? linears ?? AsStored(checkpoint, device) : LinearPrecision.Plain);
            return files.Prefix.Length == 0 ? weights : weights[files.Prefix.TrimEnd('.')];
        }

        LoraAdapter Adapter(BundleAdapter adapter, Checkpoint target)
        {
            var file = LoraFile.Open(At(adapter.File));
            opened.Add(file);
            return file.FitTo(target, adapter.Strength);
        }

        string At(BundleFile file) => store.Locate(file, folder, bundle.Name);
    }

    /// <summary>Small networks of seeded random numbers: everything runs, and the pictures are noise.</summary>
    public static NetworkSet Untrained(long seed, Device device, ScalarType type) => Random(UntrainedBundle.Bundle, seed, device, type);

    /// <summary>Networks of a bundle's sizes and of seeded random numbers, drawn on the device; no file is needed.</summary>
    public static NetworkSet Random(Bundle bundle, long seed, Device device, ScalarType type, LinearPrecision linears = LinearPrecision.Plain)
    {
        var parameters = new List<RandomParameters>();
        var set = new NetworkSet(bundle, device, UntrainedBundle.Tokenize, Open, type);
        set.owned.AddRange(parameters);
        return set;

        Weights Open(NetworkFiles files, ScalarType arithmetic)
        {
            parameters.Add(new RandomParameters(seed + parameters.Count, onDevice: device.type != TorchSharp.DeviceType.CPU));
            return new Weights(parameters[^1], arithmetic, device).With(ReferenceEquals(files, bundle.Networks.Transformer) ? linears : LinearPrecision.Plain);
        }
    }

    /// <summary>Bytes stay bytes where a GPU multiplies them; a processor would widen them again for every product.</summary>
    private static LinearPrecision AsStored(Checkpoint checkpoint, Device device)
    {
        var first = checkpoint.Tensors.FirstOrDefault(entry => entry.Key.EndsWith("blocks.0.self_attn.q.weight", StringComparison.Ordinal)).Value;
        return (device.type, first?.Type) switch
        {
            (TorchSharp.DeviceType.CUDA, ElementType.Float8E4M3) => LinearPrecision.Float8,
            (TorchSharp.DeviceType.CUDA, ElementType.Int8) => LinearPrecision.Int8,
            _ => LinearPrecision.Plain,
        };
    }

    /// <summary>Embedding of a prompt, one row for a token: [1, tokens, text width], float32.</summary>
    public Tensor EmbedText(string prompt)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        long[] ids = [.. tokenize(prompt).Select(id => (long)id)];
        var row = tensor(ids, device: Device).unsqueeze(0);
        return text.Forward(row, ones_like(row)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Whether that network's files may hold a tensor that it does not read: what its published files are known to hold more, or what is another network's.</summary>
    private bool Leaves(NetworkFiles files, string key)
    {
        if (!key.StartsWith(files.Prefix, StringComparison.Ordinal)) return true;
        string own = key[files.Prefix.Length..];
        var networks = Bundle.Networks;
        if (files.Prefix.Length == 0 && new[] { networks.Transformer, networks.Autoencoder, networks.Text, networks.Image, networks.Speech }.Any(other => other.Prefix.Length > 0 && key.StartsWith(other.Prefix, StringComparison.Ordinal))) return true;
        return (ReferenceEquals(files, networks.Text) && UmT5Encoder.Leaves(own)) || (ReferenceEquals(files, networks.Image) && Image.Leaves(own)) || (ReferenceEquals(files, networks.Speech) && Wav2Vec2Encoder.Leaves(own));
    }

    public void Dispose()
    {
        foreach (var one in owned) one.Dispose();
    }

    private static T Config<T>(NetworkFiles files, string released, T architecture)
        where T : class
    {
        if (files.Config is { } config)
            return config.Deserialize<T>(JsonSerializerOptions.Web) ?? throw new BundleException($"expected the sizes of a {typeof(T).Name}, found null");
        return files.Architecture == released
            ? architecture
            : throw new BundleException($"unknown architecture '{files.Architecture}', expected {released} or sizes of its own");
    }
}
