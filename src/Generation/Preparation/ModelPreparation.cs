using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Naming;
using Locutor.Checkpoints.Safetensors;
using Locutor.Generation.Blueprints;
using Locutor.Models;
using Locutor.Models.Store;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Generation.Preparation;

/// <summary>A prepared file.</summary>
/// <param name="Path">Path of the file.</param>
/// <param name="WasThere">True if it had already been made from the same sources.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="Summary">A line for each source: the number of tensors that were taken from it and that it changed; empty if no source was
/// read.</param>
public sealed record PreparedModel(string Path, bool WasThere, long Bytes, IReadOnlyList<string> Summary);

/// <summary>
/// Combines all files of a network (shards, an adapter's weights, merged LoRA files) in one safetensors file of one precision. It works
/// tensor by tensor, so memory use does not grow with the files; an interrupted run is resumed.
/// </summary>
public static class ModelPreparation
{
    private const int Steps = 3;

    /// <summary>Prepares a network of a bundle for the store, where <see cref="NetworkSources.OpenToRun"/> finds it.</summary>
    /// <param name="model">The bundle and the location of its files.</param>
    /// <param name="network">The network to prepare.</param>
    /// <param name="adapters">Adapters that are merged if the network is the transformer.</param>
    /// <param name="precision">Precision of the stored weights.</param>
    /// <param name="progress">Receives bytes and remaining time of each step: hashing the sources, writing, verification.</param>
    /// <param name="cancellationToken">Cancels; the completed part is kept for the next run.</param>
    /// <exception cref="BundleException">A source is not on disk.</exception>
    /// <exception cref="CheckpointException">A source does not fit the network, or there is not enough disk space.</exception>
    public static async Task<PreparedModel> PrepareAsync(
        ResolvedBundle model, NetworkKind network, IReadOnlyList<BundleAdapter> adapters, WeightPrecision precision,
        IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        var sources = new NetworkSources(model, adapters);
        string path = sources.Prepared.PathOf(model.Bundle, network, sources.AdaptersOf(network), precision);
        using var held = await PreparedFiles.LockAsync(path, cancellationToken).ConfigureAwait(false);
        if (sources.Prepared.Find(model, network, sources.AdaptersOf(network), [precision]) is { } there)
            return new PreparedModel(there.Path, true, new FileInfo(there.Path).Length, []);
        var contents = await DescribeAsync(sources.Paths(network), network.Name(), precision, progress, cancellationToken)
            .ConfigureAwait(false);
        return await Task.Run(
            () =>
            {
                using var source = sources.Open(network);
                var requested = RequestedTypes(model.Bundle, network, source);
                var weights = source.Checkpoint.Tensors.Values.Where(tensor => requested.ContainsKey(tensor.Name))
                    .Select(tensor => Conversion(tensor, source.Adapters, precision, requested[tensor.Name] == ScalarType.Float32));
                return Write(contents, weights, source.Checkpoint, source.Summary, path, progress, cancellationToken);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Prepares files that belong to no bundle. Every tensor is kept, and adapters are matched with the tensors of the file.
    /// </summary>
    /// <param name="weights">Checkpoints of any format; a later one's tensors replace those of an earlier one.</param>
    /// <param name="adapters">LoRA files and their strengths.</param>
    /// <param name="precision">Precision of the stored weights.</param>
    /// <param name="output">Path of the safetensors file.</param>
    /// <param name="progress">Receives bytes and remaining time of each step.</param>
    /// <param name="cancellationToken">Cancels; the completed part is kept for the next run.</param>
    /// <exception cref="CheckpointException">A file cannot be read, an adapter does not fit, or there is not enough disk space.</exception>
    public static async Task<PreparedModel> PrepareAsync(
        IReadOnlyList<string> weights, IReadOnlyList<(string Path, double Strength)> adapters, WeightPrecision precision, string output,
        IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        (string, string, double?)[] paths =
        [
            .. weights.Select(path => (Path.GetFileName(path), path, (double?)null)),
            .. adapters.Select(adapter => (Path.GetFileName(adapter.Path), adapter.Path, (double?)adapter.Strength))
        ];
        if (paths.FirstOrDefault(path => !Path.Exists(path.Item2)) is { Item2: { } missing })
            throw new CheckpointException($"{missing}: no such file");
        string path = Path.GetFullPath(output);
        var contents = await DescribeAsync(paths, "", precision, progress, cancellationToken).ConfigureAwait(false);
        if (IsMadeOf(path, contents)) return new PreparedModel(path, true, new FileInfo(path).Length, []);
        return await Task.Run(
            () =>
            {
                using var checkpoint = NetworkCheckpoint.Open(weights);
                var files = new List<LoraFile>();
                try
                {
                    foreach (var (file, _) in adapters) files.Add(LoraFile.Open(file));
                    LoraAdapter[] merged = [.. files.Zip(adapters, (file, adapter) => file.FitTo(checkpoint, adapter.Strength))];
                    var all = checkpoint.Tensors.Values.Select(tensor => Conversion(
                        tensor, merged, precision,
                        tensor.Shape.Length < 2 || tensor.Name.EndsWith("modulation", StringComparison.Ordinal)));
                    return Write(
                        contents, all, checkpoint,
                        [.. checkpoint.Report.Select(part => part.ToString()), .. merged.Select(adapter => adapter.ToString())], path,
                        progress, cancellationToken);
                }
                finally
                {
                    foreach (var file in files) file.Dispose();
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task<PreparedContents> DescribeAsync(
        IReadOnlyList<(string Name, string Path, double? Strength)> paths, string network, WeightPrecision precision,
        IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        var meter = new ProgressMeter(PreparedFiles.BytesToHash(paths.Select(path => path.Path)), Steps, progress, TimeProvider.System);
        meter.Begin("hashing the sources");
        return await PreparedFiles.DescribeAsync(paths, network, precision, meter.Add, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Builds the network without memory, to find the tensors that it requests and their dtypes.</summary>
    private static IReadOnlyDictionary<string, ScalarType> RequestedTypes(Bundle bundle, NetworkKind network, NetworkSource source)
    {
        var blueprint = new BundleBlueprint(bundle);
        using var parameters = new CheckpointParameters(source.Checkpoint, source.Adapters);
        blueprint.Build(network, new Weights(parameters, ScalarType.BFloat16, META));
        parameters.RequireAllUsed(key => blueprint.Ignores(network, key));
        return parameters.Requested;
    }

    private static (CheckpointTensor, WeightConversion) Conversion(
        CheckpointTensor tensor, IReadOnlyList<LoraAdapter> adapters, WeightPrecision precision, bool wide) =>
        (tensor, new WeightConversion(tensor, adapters, precision, wide));

    private static PreparedModel Write(
        PreparedContents contents, IEnumerable<(CheckpointTensor, WeightConversion)> weights, Checkpoint from,
        IReadOnlyList<string> summary, string path, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        var plan = new PreparationPlan([.. weights], contents.Identity, contents.ToMetadata());
        long bytes = plan.Weights.SelectMany(weight => weight.Conversion.Outlines).Sum(PreparedFileWriter.Bytes);
        var writing = new ProgressMeter(bytes, Steps, progress, TimeProvider.System, 1);
        writing.Begin("writing");
        PreparedFileWriter.Write(plan, from, path, writing.Resume, writing.Add, cancellationToken);
        var reading = new ProgressMeter(bytes, Steps, progress, TimeProvider.System, 2);
        reading.Begin("checking");
        try
        {
            TensorHashes.Verify(path, reading.Add, cancellationToken);
        }
        catch (CheckpointException)
        {
            File.Delete(path); // the disk returned other bytes than were written
            throw;
        }
        reading.End();
        return new PreparedModel(path, false, new FileInfo(path).Length, summary);
    }

    private static bool IsMadeOf(string path, PreparedContents contents)
    {
        if (!File.Exists(path)) return false;
        try
        {
            using var file = SafetensorsFile.Open(path);
            return PreparedContents.Read(file)?.Identity == contents.Identity;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }
}
