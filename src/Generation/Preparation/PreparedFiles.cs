using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Safetensors;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Generation.Preparation;

/// <summary>A prepared file that is ready for use.</summary>
public sealed record PreparedFile(string Path, WeightPrecision Precision);

/// <summary>
/// The prepared files in the store: <c>prepared/BUNDLE/NETWORK-PRECISION-HASH.safetensors</c>. The hash is computed from the names of the
/// weights and adapters, so that each combination has its own path.
/// </summary>
public sealed partial class PreparedFiles(ModelStore store)
{
    /// <summary>Returns the path of a prepared file, even if the file does not exist.</summary>
    /// <exception cref="BundleException">The bundle's name is not a valid folder name.</exception>
    public string PathOf(Bundle bundle, NetworkKind network, IReadOnlyList<BundleAdapter> adapters, WeightPrecision precision)
    {
        if (!FolderName().IsMatch(bundle.Name))
            throw new BundleException($"bundle {bundle.Name}: expected a name of lower-case letters, digits and dashes");
        string sources = string.Join(
            '\n',
            [
                .. bundle.Network(network).Files.Select(Name),
                .. adapters.Select(adapter => FormattableString.Invariant($"{Name(adapter.File)} {adapter.Strength}"))
            ]);
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sources)))[..8];
        return Path.Combine(store.Folder, "prepared", bundle.Name, $"{network.Name()}-{precision.Name()}-{hash}.safetensors");
    }

    /// <summary>
    /// Returns the prepared file of a network in the first precision that has one and whose sources have not changed since. Deleted sources
    /// count as unchanged.
    /// </summary>
    /// <param name="model">The bundle and the location of its sources.</param>
    /// <param name="network">The network.</param>
    /// <param name="adapters">Adapters that were merged into it.</param>
    /// <param name="precisions">Precisions in order of preference.</param>
    public PreparedFile? Find(
        ResolvedBundle model, NetworkKind network, IReadOnlyList<BundleAdapter> adapters, IEnumerable<WeightPrecision> precisions) =>
        precisions.Select(precision => new PreparedFile(PathOf(model.Bundle, network, adapters, precision), precision))
            .FirstOrDefault(file => File.Exists(file.Path) && IsFresh(file.Path, model, network, adapters));

    /// <summary>Returns all paths that prepared files of the bundle can have.</summary>
    public IEnumerable<string> PathsOf(Bundle bundle) =>
        from network in NetworkKinds.All
        from adapters in bundle.Presets.Values.Select(preset => preset.Adapters).Prepend([])
        from precision in Enum.GetValues<WeightPrecision>()
        select PathOf(bundle, network, adapters, precision);

    /// <summary>Returns the paths of the bundle's prepared files that exist.</summary>
    public IReadOnlyList<string> OnDisk(Bundle bundle) => [.. PathsOf(bundle).Distinct(StringComparer.Ordinal).Where(File.Exists)];

    /// <summary>
    /// Describes the sources of a prepared file. The hash of each source is the recorded one, or computed now if none is recorded.
    /// </summary>
    /// <param name="paths">Name, path and, for adapters, strength of each source, in order.</param>
    /// <param name="network">Name of the network in its bundle, or empty.</param>
    /// <param name="precision">Precision of the weights that will be stored.</param>
    /// <param name="read">Called with the number of bytes read since the last call.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    internal static async Task<PreparedContents> DescribeAsync(
        IReadOnlyList<(string Name, string Path, double? Strength)> paths, string network, WeightPrecision precision, Action<long>? read,
        CancellationToken cancellationToken)
    {
        var sources = new List<PreparedSource>();
        foreach (var (name, path, strength) in paths)
        {
            string[] files = FilesOf(path);
            var hashes = new List<string>();
            foreach (string file in files)
                hashes.Add(ModelStore.KnownHash(file) ?? await HashAsync(file, read, cancellationToken).ConfigureAwait(false));
            string hash = hashes.Count == 1
                ? hashes[0]
                : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', hashes))));
            sources.Add(new PreparedSource(name, Length(files), hash, Modified(files), strength));
        }
        return new PreparedContents(network, precision, sources);
    }

    /// <summary>Returns the number of bytes that <see cref="DescribeAsync"/> will read.</summary>
    public static long BytesToHash(IEnumerable<string> paths) =>
        paths.SelectMany(FilesOf).Where(path => ModelStore.KnownHash(path) is null).Sum(path => Target(path).Length);

    /// <summary>Waits until no other process prepares that file, and locks it.</summary>
    public static async Task<IDisposable> LockAsync(string path, CancellationToken cancellationToken) =>
        await FileLock.TakeAsync(path + ".lock", cancellationToken).ConfigureAwait(false);

    /// <summary>Returns the name of a bundle's file as a prepared file records it.</summary>
    public static string Name(BundleFile file) =>
        file.Repository is null ? file.Path : $"{file.Repository}@{file.Revision ?? "main"}/{file.Path}";

    /// <summary>True if the file was prepared from the bundle's present sources.</summary>
    private static bool IsFresh(string path, ResolvedBundle model, NetworkKind network, IReadOnlyList<BundleAdapter> adapters)
    {
        PreparedContents? contents;
        try
        {
            using var file = SafetensorsFile.Open(path);
            contents = PreparedContents.Read(file);
        }
        catch (CheckpointException)
        {
            return false; // the file was truncated by another program
        }
        (BundleFile File, double? Strength)[] now =
        [
            .. model.Bundle.Network(network).Files.Select(f => (f, (double?)null)), .. adapters.Select(a => (a.File, (double?)a.Strength))
        ];
        return contents is not null && contents.Sources.Count == now.Length
            && contents.Sources.Zip(now).All(pair => IsSame(pair.First, pair.Second.File, pair.Second.Strength, model));
    }

    private static bool IsSame(PreparedSource then, BundleFile file, double? strength, ResolvedBundle model)
    {
        if (then.File != Name(file) || then.Strength != strength || (file.Sha256 is { } stated && stated != then.Sha256)) return false;
        if (model.TryLocate(file) is not { } path) return true;
        string[] files = FilesOf(path);
        return Length(files) == then.Size
            && (files.Length == 1 && ModelStore.KnownHash(path) is { } hash ? hash == then.Sha256 : Modified(files) == then.Modified);
    }

    /// <summary>Returns the file; for an index or a folder, all files that it contains.</summary>
    private static string[] FilesOf(string path)
    {
        if (!Directory.Exists(path) && !path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return [path];
        using var checkpoint = CheckpointFormats.Open(path);
        return [.. checkpoint.Files];
    }

    private static long Length(string[] files) => files.Sum(path => Target(path).Length);

    private static long Modified(string[] files) => files.Max(path => Target(path).LastWriteTimeUtc.Ticks);

    private static FileInfo Target(string path) =>
        new FileInfo(path) is var info && info.ResolveLinkTarget(true) is FileInfo target ? target : info;

    private static async Task<string> HashAsync(string path, Action<long>? read, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan | FileOptions.Asynchronous);
        byte[] buffer = new byte[4 << 20];
        for (int count; (count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            hash.AppendData(buffer, 0, count);
            read?.Invoke(count);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]*$")]
    private static partial Regex FolderName();
}
