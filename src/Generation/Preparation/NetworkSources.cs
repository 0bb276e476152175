using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Naming;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Models;
using Locutor.Models.Store;
using static TorchSharp.torch;

namespace Locutor.Generation.Preparation;

/// <summary>The open files of one network.</summary>
/// <param name="Checkpoint">The checkpoint files as one.</param>
/// <param name="Adapters">Adapters to merge; empty if a prepared file already contains them.</param>
/// <param name="Summary">A line for each file: the number of tensors that were taken from it and that it changed.</param>
internal sealed record NetworkSource(
    Checkpoint Checkpoint, IReadOnlyList<LoraAdapter> Adapters, IReadOnlyList<string> Summary,
    IReadOnlyList<IDisposable> Owned) : IDisposable
{
    /// <summary>
    /// Precision in which the model runs without the user's adapters, so that they do not change how much memory it needs; null for as
    /// stored.
    /// </summary>
    public LinearPrecision? Usual { get; init; }

    public void Dispose()
    {
        foreach (var one in Owned) one.Dispose();
        Checkpoint.Dispose();
    }
}

/// <summary>Finds and opens the files of a bundle's networks.</summary>
/// <param name="model">The bundle and the location of its files.</param>
/// <param name="adapters">Adapters that are merged into the transformer.</param>
/// <param name="device">The device that runs the networks; null if they are only prepared.</param>
internal sealed class NetworkSources(ResolvedBundle model, IReadOnlyList<BundleAdapter> adapters, Device? device = null)
{
    public PreparedFiles Prepared { get; } = new(model.Store);

    public IReadOnlyList<BundleAdapter> AdaptersOf(NetworkKind network) => ResolvedBundle.AdaptersOf(network, adapters);

    /// <summary>
    /// Opens the prepared file if there is one that fits and whose sources have not changed, otherwise the sources. Adapters that a user
    /// chose are always merged into the sources: in a prepared file with 8-bit weights, rounding would swallow small changes.
    /// </summary>
    /// <param name="arithmetic">Dtype in which the network computes.</param>
    /// <param name="linears">Precision in which the matrices of its blocks will be kept; null for as stored.</param>
    /// <exception cref="BundleException">A file is not on disk.</exception>
    public NetworkSource OpenToRun(NetworkKind network, ScalarType arithmetic, LinearPrecision? linears)
    {
        BundleAdapter[] shipped = [.. AdaptersOf(network).Where(adapter => adapter.OwnName is null)];
        if (Prepared.Find(model, network, shipped, Order(arithmetic, linears)) is not { } file) return Open(network);
        if (shipped.Length < AdaptersOf(network).Count) return Open(network) with { Usual = Linears(file.Precision) };
        var checkpoint = NetworkCheckpoint.Open(file.Path);
        return new NetworkSource(
            checkpoint, [], [$"{file.Path}: {checkpoint.Tensors.Count} tensors, prepared in {file.Precision.Name()}"], []);
    }

    /// <summary>Opens the sources.</summary>
    public NetworkSource Open(NetworkKind network)
    {
        var owned = new List<IDisposable>();
        var checkpoint = NetworkCheckpoint.Open(model.Bundle.Network(network).Files.Select(model.Locate));
        try
        {
            LoraAdapter[] merged = [.. AdaptersOf(network).Select(adapter => Adapter(adapter, checkpoint, owned))];
            return new NetworkSource(
                checkpoint, merged, [.. checkpoint.Report.Select(part => part.ToString()), .. merged.Select(adapter => adapter.ToString())],
                owned);
        }
        catch
        {
            foreach (var one in owned) one.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Returns name, path and, for an adapter, strength of every file of the network, in the order of use.</summary>
    public IReadOnlyList<(string Name, string Path, double? Strength)> Paths(NetworkKind network) =>
    [
        .. model.Bundle.Network(network).Files.Select(file => (PreparedFiles.Name(file), model.Locate(file), (double?)null)),
        .. AdaptersOf(network).Select(adapter => (PreparedFiles.Name(adapter.File), model.Locate(adapter.File), (double?)adapter.Strength)),
    ];

    private static LinearPrecision Linears(WeightPrecision precision) => precision switch
    {
        WeightPrecision.Float8 => LinearPrecision.Float8,
        WeightPrecision.Int8 => LinearPrecision.Int8,
        _ => LinearPrecision.Plain,
    };

    private LoraAdapter Adapter(BundleAdapter adapter, Checkpoint target, List<IDisposable> owned)
    {
        var file = LoraFile.Open(model.Locate(adapter.File));
        owned.Add(file);
        return file.FitTo(target, adapter.Strength);
    }

    /// <summary>
    /// Returns the precisions of prepared files by preference: first one that needs no conversion, then those without a loss. If the stored
    /// precision is to be kept, the bundle's usual precision comes first and any other is accepted.
    /// </summary>
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
            _ =>
            [
                .. Usual(), .. plain, WeightPrecision.Float32, WeightPrecision.BFloat16, WeightPrecision.Float16, WeightPrecision.Float8,
                WeightPrecision.Int8
            ],
        };
    }

    /// <summary>
    /// Returns the precision in which the bundle is usually prepared. int8 is preferred if the device would convert float8 to int8: int8
    /// from the sources is more exact.
    /// </summary>
    private WeightPrecision[] Usual()
    {
        if (model.Bundle.Precision is not { } named) return [];
        var usual = WeightPrecisions.Parse(named)
            ?? throw new BundleException($"bundle {model.Bundle.Name}: expected a precision of {WeightPrecisions.All}, found {named}");
        bool int8 = usual == WeightPrecision.Float8 && device is not null
            && GpuPaths.ForGpu(device)?.StoragePrecision(LinearPrecision.Float8) == LinearPrecision.Int8;
        return int8 ? [WeightPrecision.Int8, usual] : [usual];
    }
}
