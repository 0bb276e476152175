using System.Diagnostics;
using Locutor.Checkpoints.Safetensors;
using Locutor.Generation.Blueprints;
using Locutor.Generation.Loading;
using Locutor.Kernels.Quantisation;
using Locutor.Models;
using Locutor.Networks.Layers;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>
/// Writes a bundle of random numbers with the sizes of another one: a file for each network, the transformer in the form of
/// <c>locutor models prepare</c>. With it, the whole program can be measured without trained weights.
/// </summary>
internal sealed class FilesBench(BenchOptions options)
{
    private const string Tokenizer = "tokenizer.model";

    public IEnumerable<BenchRow> Run()
    {
        var bundle = options.Bundle with
        {
            Name = options.Bundle.Name + "-random",
            Title = $"random numbers of the sizes of {options.Bundle.Name}; the pictures are noise",
            Networks = Networks(options.Bundle.Networks),
            Presets = options.Bundle.Presets.ToDictionary(preset => preset.Key, preset => preset.Value with { Adapters = [] }),
        };
        string folder = Path.Combine(options.Folder, bundle.Name);
        Directory.CreateDirectory(folder);
        var clock = Stopwatch.StartNew();
        long bytes = Kinds(bundle).Sum(kind => Write(bundle, kind, Path.Combine(folder, bundle.Network(kind).Files[0].Path)));
        var shipped = ModelFinder.Find(null);
        File.Copy(shipped.Locate(shipped.Bundle.Networks.Tokenizer), Path.Combine(folder, Tokenizer), overwrite: true);
        File.WriteAllText(Path.Combine(folder, "bundle.json"), BundleJson.Write(bundle));
        yield return new BenchRow("files", $"{bytes / 1e9:0.00} GB written to {folder}", clock.Elapsed.TotalSeconds);
    }

    private static IEnumerable<NetworkKind> Kinds(Bundle bundle) =>
        bundle.Networks.Upsampler is null ? NetworkKinds.All : NetworkKinds.All.Append(NetworkKind.Upsampler);

    private static BundleNetworks Networks(BundleNetworks networks)
    {
        NetworkFiles Own(NetworkFiles files, NetworkKind kind) =>
            files with { Files = [new BundleFile(kind.Name() + ".safetensors")], Prefix = "", Beside = [] };
        return new BundleNetworks(
            Own(networks.Transformer, NetworkKind.Transformer), Own(networks.Autoencoder, NetworkKind.Autoencoder),
            Own(networks.Text, NetworkKind.Text), Own(networks.Image, NetworkKind.Image), Own(networks.Speech, NetworkKind.Speech),
            new BundleFile(Tokenizer), networks.Upsampler is { } upsampler ? Own(upsampler, NetworkKind.Upsampler) : null);
    }

    /// <summary>Writes the file of one network and returns its size in bytes.</summary>
    private long Write(Bundle bundle, NetworkKind kind, string path)
    {
        var linears = kind == NetworkKind.Transformer ? options.Precision.Linears() ?? LinearPrecision.Plain : LinearPrecision.Plain;
        var type = kind == NetworkKind.Speech ? ScalarType.Float32 : options.Precision.Arithmetic(options.Device);
        using var outline = new ParameterOutline(linears);
        new BundleBlueprint(bundle).Build(kind, new Weights(outline, type, META).With(linears));
        using (var writer = new SafetensorsWriter(path, outline.Tensors))
        {
            using var random = new RandomParameters(options.Seed + (int)kind, onDevice: options.Device.type != TorchSharp.DeviceType.CPU);
            foreach (var parameter in outline.Requests) Append(writer, random, parameter, linears);
            writer.Complete();
        }
        return new FileInfo(path).Length;
    }

    private void Append(SafetensorsWriter writer, RandomParameters random, RequestedParameter parameter, LinearPrecision linears)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        if (parameter.Type is { } type)
        {
            var values = random.Load(parameter.Key, parameter.Shape, parameter.Initial, type, options.Device);
            writer.Append(parameter.Key, TensorMemory.Bytes(values.cpu().contiguous()));
        }
        else
        {
            var rows = random.LoadQuantised(parameter.Key, parameter.Shape, linears, options.Device);
            writer.Append(parameter.Key, TensorMemory.Bytes(rows.Values.cpu().contiguous()));
            writer.Append(parameter.Key + ParameterOutline.ScaleSuffix, TensorMemory.Bytes(rows.Scales.cpu().contiguous()));
        }
        random.Forget(parameter.Key);
    }
}
