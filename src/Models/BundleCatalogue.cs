namespace Locutor.Models;

/// <summary>The bundles at hand: every <c>NAME/bundle.json</c> below the folders that are searched.</summary>
/// <param name="folders">The first that holds a name wins.</param>
public sealed class BundleCatalogue(IReadOnlyList<string> folders)
{
    private const string FileName = "bundle.json";

    /// <summary>The folder that LOCUTOR_MODELS names, then <c>models</c> beside the program or above it.</summary>
    public static BundleCatalogue Default()
    {
        var folders = new List<string>();
        if (Environment.GetEnvironmentVariable("LOCUTOR_MODELS") is { Length: > 0 } named) folders.Add(named);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string models = Path.Combine(folder.FullName, "models");
            if (Directory.Exists(models)) folders.Add(models);
        }

        return new BundleCatalogue(folders);
    }

    public IReadOnlyList<string> Names() =>
        [.. folders.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories)
            .Where(folder => File.Exists(Path.Combine(folder, FileName)))
            .Select(folder => Path.GetFileName(folder)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>The bundle of that name, and the folder in which its shipped files stand.</summary>
    /// <returns>Null when there is none.</returns>
    public (Bundle Bundle, string Folder)? Find(string name)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAny('/', '\\') || name.StartsWith('.')) return null;
        foreach (string folder in folders)
        {
            string path = Path.Combine(folder, name, FileName);
            if (File.Exists(path)) return (BundleJson.Read(path), Path.Combine(folder, name));
        }

        return null;
    }
}
