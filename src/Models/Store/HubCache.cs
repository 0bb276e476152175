namespace Locutor.Models.Store;

/// <summary>
/// Finds files in the cache of the hub's own tools, <c>models--OWNER--NAME/{refs/REVISION, snapshots/COMMIT/PATH}</c>. The cache is never
/// changed.
/// </summary>
internal static class HubCache
{
    /// <summary>Finds a file in the cache.</summary>
    /// <returns>The file's path; null if it is missing or its size differs from the bundle's.</returns>
    public static string? Find(string? folder, BundleFile file)
    {
        if (folder is null || file.Repository is null) return null;
        string repository = Path.Combine(folder, "models--" + file.Repository.Replace("/", "--", StringComparison.Ordinal));
        string revision = file.Revision ?? "main", reference = Path.Combine(repository, "refs", revision);
        string commit = File.Exists(reference) && new FileInfo(reference).Length < 200 ? File.ReadAllText(reference).Trim() : revision;
        if (commit.Length == 0 || commit.AsSpan().ContainsAny('/', '\\') || commit.StartsWith('.')) return null;
        string path = Path.Combine(repository, "snapshots", commit, file.Path);
        return LinkedFile.Length(path) is { } length && (file.Size ?? length) == length ? path : null;
    }
}
