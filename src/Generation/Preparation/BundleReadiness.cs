using Locutor.Checkpoints;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Generation.Preparation;

/// <summary>Tells whether the files of a bundle are complete.</summary>
public static class BundleReadiness
{
    /// <summary>
    /// Returns true if the bundle can be run: for each network, either all its files or a file that was prepared from them is on disk.
    /// </summary>
    /// <param name="model">The bundle and the location of its files.</param>
    /// <param name="adapters">Adapters that are merged into the transformer.</param>
    public static bool CanRun(this ResolvedBundle model, IReadOnlyList<BundleAdapter> adapters) =>
        model.Folder is null
            || (model.TryLocate(model.Bundle.Networks.Tokenizer) is not null
                && NetworkKinds.All.All(kind => CanRun(model, kind, ResolvedBundle.AdaptersOf(kind, adapters))));

    private static bool CanRun(ResolvedBundle model, NetworkKind kind, IReadOnlyList<BundleAdapter> adapters) =>
        model.Bundle.Network(kind).Files.Concat(adapters.Select(adapter => adapter.File)).All(file => model.TryLocate(file) is not null)
        || new PreparedFiles(model.Store).Find(model, kind, adapters, Enum.GetValues<WeightPrecision>()) is not null;
}
