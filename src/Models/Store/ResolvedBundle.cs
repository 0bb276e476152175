using Locutor.Checkpoints.Formats;

namespace Locutor.Models.Store;

/// <summary>A bundle together with the location of its files.</summary>
/// <param name="Bundle">Networks, sizes and presets.</param>
/// <param name="Folder">Folder of the files that ship with the bundle; null if it has none.</param>
/// <param name="Store">The fetched and prepared files.</param>
public sealed record ResolvedBundle(Bundle Bundle, string? Folder, ModelStore Store)
{
    /// <summary>Adapters of the default preset.</summary>
    public IReadOnlyList<BundleAdapter> DefaultAdapters => Bundle.Presets[Bundle.DefaultPreset].Adapters;

    /// <summary>Whether all files of the bundle ship with it, so that nothing has to be fetched.</summary>
    public bool IsShipped => Bundle.Files().All(file => file.File.Repository is null);

    /// <summary>Returns the path of a shipped or fetched file of the bundle.</summary>
    /// <exception cref="BundleException">The file is not on disk; the message tells how to fetch it.</exception>
    public string Locate(BundleFile file) => TryLocate(file) ?? throw new BundleException(file.Repository is null
        ? $"model {Bundle.Name}: expected {file.Path} in {Folder}, found none"
        : $"model {Bundle.Name}: {file.Path}{(ShardIndex.IsIndex(file.Path) ? " or a file that it names" : "")} is not on disk; run: " +
            $"locutor models pull {Bundle.Name}");

    /// <summary>Returns the path of a shipped or fetched file of the bundle; null if it is not on disk.</summary>
    public string? TryLocate(BundleFile file)
    {
        if (file.Repository is not null) return Store.Find(file);
        return Folder is not null && Path.Combine(Folder, file.Path) is var shipped && Path.Exists(shipped) && Shards.AreBeside(shipped)
            ? shipped
            : null;
    }

    /// <summary>Returns the adapters for a network: all of them for the transformer, none for any other network.</summary>
    public static IReadOnlyList<BundleAdapter> AdaptersOf(NetworkKind kind, IReadOnlyList<BundleAdapter> adapters) =>
        kind == NetworkKind.Transformer ? adapters : [];
}
