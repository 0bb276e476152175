namespace Locutor.Models.Store;

/// <summary>The cache that the hub's own tools keep: <c>models--OWNER--NAME/{refs/REVISION, snapshots/COMMIT/PATH}</c>. Only read.</summary>
internal static class HubCache
{
    /// <returns>The file's path, or null when it is not there or has another size than the bundle says.</returns>
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
