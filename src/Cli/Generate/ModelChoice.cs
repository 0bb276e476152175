using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Models;
using Locutor.Models.Store;
using static TorchSharp.torch;

namespace Locutor.Cli.Generate;

/// <summary>The bundle that <c>--model</c> names.</summary>
/// <param name="Bundle">What it is.</param>
/// <param name="Folder">Where its shipped files are; null for the one without files.</param>
/// <param name="Store">Folder of fetched and prepared files.</param>
internal sealed record ModelChoice(Bundle Bundle, string? Folder, string Store)
{
    /// <summary>Shipped with the program; what a newcomer's first video is made with.</summary>
    public const string DefaultName = "sketch";

    /// <exception cref="RequestException">No bundle of that name.</exception>
    public static ModelChoice Find(string? name, string? store = null)
    {
        store ??= ModelStore.DefaultFolder;
        var catalogue = BundleCatalogue.Default();
        if (name is null) name = catalogue.Find(DefaultName) is null ? UntrainedBundle.Name : DefaultName;
        if (name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && File.Exists(name)) return new(BundleJson.Read(name), Path.GetDirectoryName(Path.GetFullPath(name)), store);
        if (name == UntrainedBundle.Name) return new(UntrainedBundle.Bundle, null, store);
        return catalogue.Find(name) is { } found
            ? new(found.Bundle, found.Folder, store)
            : throw new RequestException("model", $"expected one of {string.Join(", ", catalogue.Names().Append(UntrainedBundle.Name))}, found '{name}'");
    }

    public NetworkSet Load(Device device, IReadOnlyList<BundleAdapter> adapters, Precision precision = Precision.Auto, long? budget = null)
    {
        var type = precision.Arithmetic(device);
        return Folder is null
            ? NetworkSet.Random(Bundle, 0, device, type, precision.Linears() ?? default, budget)
            : NetworkSet.Load(Bundle, Folder, device, type, adapters, precision.Linears(), budget, Store);
    }
}
