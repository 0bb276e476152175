using Locutor.Checkpoints;
using Locutor.Checkpoints.Formats;

namespace Locutor.Models.Store;

/// <summary>The shards of an index. The index comes from the hub, so its file names are untrusted.</summary>
internal static class Shards
{
    /// <summary>
    /// True if all shards of an index are in its folder. Also true for a file that is not an index; false for an index that cannot be read.
    /// </summary>
    public static bool AreBeside(string path)
    {
        if (!ShardIndex.IsIndex(path)) return true;
        try
        {
            return Names(path).All(shard => LinkedFile.Length(Path.Combine(Path.GetDirectoryName(path)!, shard)) is not null);
        }
        catch (Exception broken) when (broken is CheckpointException or IOException)
        {
            return false;
        }
    }

    /// <summary>Returns the shards as files of the index's repository.</summary>
    /// <param name="index">The index as a hub file.</param>
    /// <param name="path">Path of the index on disk.</param>
    /// <exception cref="BundleException">The index cannot be read, or a file name points outside its folder.</exception>
    public static BundleFile[] Read(BundleFile index, string path)
    {
        string folder = index.Path[..(index.Path.LastIndexOf('/') + 1)];
        try
        {
            BundleFile[] shards = [.. Names(path).Select(name => index with { Path = folder + name, Size = null, Sha256 = null })];
            foreach (var shard in shards) StoreLayout.Relative(shard);
            return shards;
        }
        catch (CheckpointException broken)
        {
            throw new BundleException(broken.Message, broken);
        }
    }

    private static string[] Names(string path)
    {
        string[] names = ShardIndex.Shards(path);
        return Array.Find(names, name => !name.EndsWith(".safetensors", StringComparison.Ordinal)) is { } other
            ? throw new CheckpointException($"{path}: expected names of safetensors files, found {other}")
            : names;
    }
}
