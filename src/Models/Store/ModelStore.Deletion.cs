namespace Locutor.Models.Store;

// Files of the store that are no longer needed.
public sealed partial class ModelStore
{
    /// <summary>Deletes files that no bundle needs, and the remains of downloads that no process is running.</summary>
    /// <param name="keep">Files to keep, those of all bundles; their incomplete downloads are kept too.</param>
    /// <param name="dryRun">True to delete nothing and only return the files.</param>
    /// <param name="keepPrepared">Paths of prepared files to keep.</param>
    /// <returns>Path and size in bytes of each deleted file.</returns>
    public IReadOnlyList<(string Path, long Bytes)> Prune(
        IEnumerable<BundleFile> keep, bool dryRun, IEnumerable<string>? keepPrepared = null)
    {
        var kept = Paths(keep, keepPrepared);
        return Delete(names => !names.Any(kept.Contains), dryRun);
    }

    /// <summary>Deletes the files of a bundle, with the remains of its downloads.</summary>
    /// <param name="files">The files of the bundle.</param>
    /// <param name="prepared">Paths of its prepared files.</param>
    /// <param name="keep">Files that other bundles need.</param>
    /// <param name="keepPrepared">Paths of prepared files that other bundles need.</param>
    /// <param name="dryRun">True to delete nothing and only return the files.</param>
    /// <returns>Path and size in bytes of each deleted file.</returns>
    public IReadOnlyList<(string Path, long Bytes)> Remove(
        IEnumerable<BundleFile> files, IEnumerable<string> prepared, IEnumerable<BundleFile> keep, IEnumerable<string> keepPrepared,
        bool dryRun)
    {
        HashSet<string> gone = Paths(files, prepared), kept = Paths(keep, keepPrepared);
        return Delete(names => names.Any(gone.Contains) && !names.Any(kept.Contains), dryRun);
    }

    private HashSet<string> Paths(IEnumerable<BundleFile> files, IEnumerable<string>? prepared) =>
        files.Where(file => file.Repository is not null).Select(PathOf).Concat(prepared ?? []).ToHashSet(StringComparer.Ordinal);

    /// <summary>Deletes files of the store.</summary>
    /// <param name="condition">Decides by the paths of the file to which a file of the store may belong: a part of a download has a number
    /// after the name of its file.</param>
    /// <param name="dryRun">True to delete nothing.</param>
    private List<(string Path, long Bytes)> Delete(Func<string[], bool> condition, bool dryRun)
    {
        var gone = new List<(string, long)>();
        if (!Directory.Exists(Folder)) return gone;
        foreach (string path in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray())
        {
            string owner = StoreLayout.IsOurs(path) ? path[..path.LastIndexOf('.')] : path;
            if (!condition([owner, Path.ChangeExtension(owner, null)]) || IsBusy(owner)) continue;
            gone.Add((path, new FileInfo(path).Length));
            if (!dryRun) File.Delete(path);
        }
        return gone;
    }
}
