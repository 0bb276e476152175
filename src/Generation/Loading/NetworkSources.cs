using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Quantised;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Models;
using Locutor.Models.Store;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>The open files of one network.</summary>
/// <param name="Checkpoint">Laid over each other.</param>
/// <param name="Adapters">To be merged; none when the file was prepared with them.</param>
/// <param name="Summary">A line for each file: how many tensors it gave and changed.</param>
internal sealed record NetworkSource(Checkpoint Checkpoint, IReadOnlyList<LoraAdapter> Adapters, IReadOnlyList<string> Summary, IReadOnlyList<IDisposable> Owned) : IDisposable
{
    public void Dispose()
    {
        foreach (var one in Owned) one.Dispose();
        Checkpoint.Dispose();
    }
}

/// <summary>Finds and opens the files of a bundle's networks.</summary>
/// <param name="model">The bundle and the places of its files.</param>
/// <param name="adapters">Adapters that are merged into the transformer.</param>
/// <param name="device">The device that runs the networks; null when they are only prepared.</param>
internal sealed class NetworkSources(ResolvedBundle model, IReadOnlyList<BundleAdapter> adapters, Device? device = null)
{
    public PreparedFiles Prepared { get; } = new(model.Store);

    public IReadOnlyList<BundleAdapter> AdaptersOf(NetworkKind network) => ResolvedBundle.AdaptersOf(network, adapters);

    /// <summary>The prepared file where there is one that fits and is not older than its sources, otherwise the sources.</summary>
    /// <param name="arithmetic">Of the network.</param>
    /// <param name="linears">How the matrices of its blocks will be held; null for as they are stored.</param>
    /// <exception cref="BundleException">A file is not on disk.</exception>
    public NetworkSource OpenToRun(NetworkKind network, ScalarType arithmetic, LinearPrecision? linears)
    {
        if (Prepared.Find(model, network, AdaptersOf(network), Order(arithmetic, linears)) is not { } file) return Open(network);
        var checkpoint = NetworkCheckpoint.Open(file.Path);
        return new NetworkSource(checkpoint, [], [$"{file.Path}: {checkpoint.Tensors.Count} tensors, prepared in {file.Precision.Name()}"], []);
    }

    /// <summary>The sources themselves.</summary>
    public NetworkSource Open(NetworkKind network)
    {
        var owned = new List<IDisposable>();
        var checkpoint = NetworkCheckpoint.Open(model.Bundle.Network(network).Files.Select(model.Locate));
        try
        {
            LoraAdapter[] merged = [.. AdaptersOf(network).Select(adapter => Adapter(adapter, checkpoint, owned))];
            return new NetworkSource(checkpoint, merged, [.. checkpoint.Report.Select(part => part.ToString()), .. merged.Select(adapter => adapter.ToString())], owned);
        }
        catch
        {
            foreach (var one in owned) one.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Name, path and, for an adapter, strength of every file of the network, in the order in which they are used.</summary>
    public IReadOnlyList<(string Name, string Path, double? Strength)> Paths(NetworkKind network) =>
    [
        .. model.Bundle.Network(network).Files.Select(file => (PreparedFiles.Name(file), model.Locate(file), (double?)null)),
        .. AdaptersOf(network).Select(adapter => (PreparedFiles.Name(adapter.File), model.Locate(adapter.File), (double?)adapter.Strength)),
    ];

    private LoraAdapter Adapter(BundleAdapter adapter, Checkpoint target, List<IDisposable> owned)
    {
        var file = LoraFile.Open(model.Locate(adapter.File));
        owned.Add(file);
        return file.FitTo(target, adapter.Strength);
    }

    /// <summary>What needs no conversion first, then what loses nothing; where as stored is good, what the bundle is prepared in and then whatever there is.</summary>
    private WeightPrecision[] Order(ScalarType arithmetic, LinearPrecision? linears)
    {
        WeightPrecision[] plain = arithmetic switch
        {
            ScalarType.Float32 => [WeightPrecision.Float32],
            ScalarType.Float16 => [WeightPrecision.Float16, WeightPrecision.Float32, WeightPrecision.BFloat16],
            _ => [WeightPrecision.BFloat16, WeightPrecision.Float32],
        };
        return linears switch
        {
            LinearPrecision.Plain => plain,
            LinearPrecision.Float8 => [WeightPrecision.Float8, .. plain],
            LinearPrecision.Int8 => [WeightPrecision.Int8, .. plain],
            _ => [.. Usual(), .. plain, WeightPrecision.Float32, WeightPrecision.BFloat16, WeightPrecision.Float16, WeightPrecision.Float8, WeightPrecision.Int8],
        };
    }

    /// <summary>The precision that the bundle is prepared in. Before it int8, where the device would make that of float8: from the sources it is more exact.</summary>
    private WeightPrecision[] Usual()
    {
        if (model.Bundle.Precision is not { } named) return [];
        var usual = WeightPrecisions.Parse(named) ?? throw new BundleException($"bundle {model.Bundle.Name}: expected a precision of {WeightPrecisions.All}, found {named}");
        bool int8 = usual == WeightPrecision.Float8 && device is not null && GpuPaths.ForGpu(device)?.StoragePrecision(LinearPrecision.Float8) == LinearPrecision.Int8;
        return int8 ? [WeightPrecision.Int8, usual] : [usual];
    }
}
