using Locutor.Models.Store;

namespace Locutor.Models;

/// <summary>The bundles at hand: every <c>NAME/bundle.json</c> below the folders that are searched.</summary>
/// <param name="folders">The first that holds a name wins.</param>
/// <param name="store">Fetched and prepared files of all bundles.</param>
public sealed class BundleCatalogue(IReadOnlyList<string> folders, ModelStore store)
{
    private const string FileName = "bundle.json";

    /// <summary>The folder that LOCUTOR_MODELS names, then <c>models</c> beside the program or above it.</summary>
    /// <param name="store">Folder of fetched and prepared files; null for <see cref="ModelStore.DefaultFolder"/>.</param>
    public static BundleCatalogue Default(string? store = null)
    {
        var folders = new List<string>();
        if (Environment.GetEnvironmentVariable("LOCUTOR_MODELS") is { Length: > 0 } named) folders.Add(named);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string models = Path.Combine(folder.FullName, "models");
            if (Directory.Exists(models)) folders.Add(models);
        }

        return new BundleCatalogue(folders, ModelStore.Open(store));
    }

    public IReadOnlyList<string> Names() =>
        [.. folders.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories)
            .Where(folder => File.Exists(Path.Combine(folder, FileName)))
            .Select(folder => Path.GetFileName(folder)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Where fetched and prepared files of all bundles are.</summary>
    public ModelStore Store => store;

    /// <summary>Every bundle, ordered by name.</summary>
    /// <exception cref="BundleException">A file is not a bundle.</exception>
    public IEnumerable<ResolvedBundle> All() => Names().Select(name => Find(name)!);

    /// <summary>The bundle of that name, or the one in the file of that path, which ends in <c>.json</c>; null when there is none.</summary>
    /// <exception cref="BundleException">The file is not a bundle.</exception>
    public ResolvedBundle? FindOrRead(string nameOrPath) => nameOrPath.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && File.Exists(nameOrPath)
        ? new(BundleJson.Read(nameOrPath), Path.GetDirectoryName(Path.GetFullPath(nameOrPath)), store)
        : Find(nameOrPath);

    /// <summary>The bundle of that name; null when there is none.</summary>
    /// <exception cref="BundleException">The file is not a bundle.</exception>
    public ResolvedBundle? Find(string name)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAny('/', '\\') || name.StartsWith('.')) return null;
        foreach (string folder in folders)
        {
            string path = Path.Combine(folder, name, FileName);
            if (File.Exists(path)) return new(BundleJson.Read(path), Path.Combine(folder, name), store);
        }

        return null;
    }
}
