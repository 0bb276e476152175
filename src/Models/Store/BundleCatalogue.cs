namespace Locutor.Models.Store;

/// <summary>The available bundles: every <c>NAME/bundle.json</c> in the searched folders.</summary>
/// <param name="folders">Folders in order of priority: if two have a bundle of the same name, the first one is used.</param>
/// <param name="store">The fetched and prepared files of all bundles.</param>
public sealed class BundleCatalogue(IReadOnlyList<string> folders, ModelStore store)
{
    private const string FileName = "bundle.json";

    /// <summary>
    /// Creates the default catalogue. It searches the folder in LOCUTOR_MODELS, then <c>models</c> in the program's folder or in one above
    /// it.
    /// </summary>
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

    /// <summary>The fetched and prepared files of all bundles.</summary>
    public ModelStore Store => store;

    /// <summary>Reads all bundles, ordered by name.</summary>
    /// <exception cref="BundleException">A file is not a valid bundle.</exception>
    public IEnumerable<ResolvedBundle> All() => Names().Select(name => Find(name)!);

    /// <summary>
    /// Returns the bundle of that name, or the bundle in a file if the text is a path that ends in <c>.json</c>; null if there is none.
    /// </summary>
    /// <exception cref="BundleException">The file is not a valid bundle.</exception>
    public ResolvedBundle? FindOrRead(string nameOrPath) =>
        nameOrPath.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && File.Exists(nameOrPath)
            ? AdapterFolder.Fill(new(BundleJson.Read(nameOrPath), Path.GetDirectoryName(Path.GetFullPath(nameOrPath)), store))
            : Find(nameOrPath);

    /// <summary>Returns the bundle of that name; null if there is none.</summary>
    /// <exception cref="BundleException">The file is not a valid bundle.</exception>
    public ResolvedBundle? Find(string name)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAny('/', '\\') || name.StartsWith('.')) return null;
        foreach (string folder in folders)
        {
            string path = Path.Combine(folder, name, FileName);
            if (File.Exists(path)) return AdapterFolder.Fill(new(BundleJson.Read(path), Path.Combine(folder, name), store));
        }

        return null;
    }
}
