using Locutor.Checkpoints.Formats;
using Locutor.Files;
using Locutor.Models.Hub;

namespace Locutor.Models.Store;

/// <summary>
/// The folder of model files: finds files, fetches missing ones, verifies them and deletes unused ones. Several processes may share a
/// folder; each file is fetched once.
/// </summary>
public sealed partial class ModelStore
{
    /// <summary>
    /// Number of attempts before the first byte is fetched. It is lower, because a user is probably waiting at the terminal.
    /// </summary>
    private const int FirstAttempts = 5;

    private readonly HubOptions options;
    private readonly TimeProvider time;

    public ModelStore(string folder, HubOptions options, TimeProvider? time = null)
    {
        Folder = Path.GetFullPath(folder);
        this.options = options;
        this.time = time ?? TimeProvider.System;
    }

    public string Folder { get; }

    /// <summary>Opens the store in a folder, with the hub's settings from the environment.</summary>
    /// <param name="folder">The folder; null for <see cref="DefaultFolder"/>.</param>
    public static ModelStore Open(string? folder) => new(folder ?? DefaultFolder, HubOptions.FromEnvironment());

    /// <summary>The default folder: LOCUTOR_STORE, or LOCUTOR_HOME/models, or locutor/models in the user's data folder.</summary>
    public static string DefaultFolder =>
        Environment.GetEnvironmentVariable("LOCUTOR_STORE") is { Length: > 0 } named
            ? named
            : Environment.GetEnvironmentVariable("LOCUTOR_HOME") is { Length: > 0 } home ? Path.Combine(home, "models")
            : Path.Combine(
                Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data
                    ? data
                    : Path.Combine(HomeFolder.Path, ".local", "share"),
                "locutor", "models");

    /// <summary>
    /// Returns the path of a hub file in the store or in the hub's own cache; null if it has to be fetched. An index counts as present only
    /// if all its shards are.
    /// </summary>
    public string? Find(BundleFile file)
    {
        if (FindInStore(file) is { } path && Shards.AreBeside(path)) return path;
        return HubCache.Find(options.CacheFolder, file) is { } cached && Shards.AreBeside(cached) ? cached : null;
    }

    /// <summary>Returns the file; for an index that is on disk and valid, also its shards.</summary>
    public IReadOnlyList<BundleFile> WithShards(BundleFile file)
    {
        if (file.Repository is null || !ShardIndex.IsIndex(file.Path) || (Find(file) ?? FindInStore(file)) is not { } path) return [file];
        try
        {
            return [file, .. Shards.Read(file, path)];
        }
        catch (BundleException)
        {
            return [file];
        }
    }

    /// <summary>Returns the path of a hub file in the store, even if the file does not exist.</summary>
    public string PathInStore(BundleFile file) => PathOf(file);

    /// <summary>
    /// Returns the recorded SHA-256 of a file: from the receipt of its download, or from the name of its content in the hub's own cache.
    /// Null if none is recorded.
    /// </summary>
    public static string? KnownHash(string path)
    {
        var info = new FileInfo(path);
        if (Receipt.Read(path) is { } receipt && receipt.Size == info.Length) return receipt.Sha256;
        return info.ResolveLinkTarget(true) is { Name: { Length: 64 } name } && name.All(char.IsAsciiHexDigitLower) ? name : null;
    }

    /// <summary>
    /// Fetches all hub files that are not on disk; an index is fetched before its shards. The call may be cancelled at any time and
    /// repeated.
    /// </summary>
    /// <returns>Number of files that this call fetched.</returns>
    /// <exception cref="BundleException">Offline, refused, not enough disk space, or the content differs from the bundle's size or
    /// hash.</exception>
    public async Task<int> PullAsync(IEnumerable<BundleFile> files, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        BundleFile[] missing = [.. files.Where(f => f.Repository is not null).DistinctBy(PathOf).Where(f => Find(f) is null)];
        if (missing.Length == 0) return 0;
        if (options.Offline)
        {
            throw new BundleException(
                $"offline, and {missing.Length} files are not on disk: " +
                $"{string.Join(", ", missing.Take(5).Select(f => $"{f.Repository}/{f.Path}"))}{(missing.Length > 5 ? ", ..." : "")}");
        }

        try
        {
            using var hub = new HubClient(options);
            BundleFile[] indices = [.. missing.Where(f => ShardIndex.IsIndex(f.Path))];
            int fetched = await FetchAllAsync(hub, indices, null, cancellationToken).ConfigureAwait(false);
            return fetched
                + await FetchAllAsync(hub, missing.Concat(indices.SelectMany(ReadShards)).DistinctBy(PathOf), progress, cancellationToken)
                    .ConfigureAwait(false);
        }
        catch (Exception e) when (e is HubException or IOException or UnauthorizedAccessException)
        {
            throw new BundleException(e.Message, e);
        }
    }

    /// <summary>Reads a fetched file and compares it with its recorded hash, which is returned; null if no hash is known.</summary>
    /// <exception cref="BundleException">The file is missing, or its size or hash differs; the message has both values.</exception>
    public async Task<string?> VerifyAsync(BundleFile file, CancellationToken cancellationToken)
    {
        string path = Find(file)
            ?? (File.Exists(PathOf(file)) ? PathOf(file) : throw new BundleException($"{file.Repository}/{file.Path}: not on disk"));
        var receipt = Receipt.Read(path);
        long size = new FileInfo(path) is var info && info.ResolveLinkTarget(true) is FileInfo link ? link.Length : info.Length;
        if ((file.Size ?? receipt?.Size) is { } expectedSize && expectedSize != size)
            throw new BundleException($"{path}: expected {expectedSize} bytes, found {size}");
        string? expected = file.Sha256 ?? receipt?.Sha256;
        using var stream = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan | FileOptions.Asynchronous);
        string found = Convert.ToHexStringLower(
            await System.Security.Cryptography.SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
        if (expected is not null && expected != found) throw new BundleException($"{path}: expected SHA-256 {expected}, found {found}");
        return expected is null ? null : found;
    }

    private string? FindInStore(BundleFile file) =>
        PathOf(file) is var path && LinkedFile.Length(path) is { } length && (file.Size ?? length) == length ? path : null;

    /// <summary>Reads the shards of a fetched index. An invalid index is deleted, so that the next call fetches it again.</summary>
    private BundleFile[] ReadShards(BundleFile index)
    {
        string path = PathOf(index);
        try
        {
            return Shards.Read(index, path);
        }
        catch (BundleException)
        {
            File.Delete(path);
            File.Delete(path + ".receipt");
            throw;
        }
    }

    /// <summary>Fetches files one after another; each of them is locked against other processes.</summary>
    /// <returns>Number of files that were missing and that this call fetched.</returns>
    private async Task<int> FetchAllAsync(
        HubClient hub, IEnumerable<BundleFile> files, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        BundleFile[] missing = [.. files.Where(f => FindInStore(f) is null)];
        var remotes = new RemoteFile[missing.Length];
        await Parallel.ForAsync(
            0, missing.Length, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken },
            async (i, token) => remotes[i] = await DescribeAsync(hub, missing[i], token).ConfigureAwait(false)).ConfigureAwait(false);
        CheckRoom(missing, remotes);
        var meter = new ProgressMeter(remotes.Sum(r => r.Size), missing.Length, progress, time);
        int fetched = 0;
        for (int i = 0; i < missing.Length; i++)
        {
            meter.Begin(missing[i].Path);
            if (await FetchAsync(hub, missing[i], remotes[i], meter, cancellationToken).ConfigureAwait(false)) fetched++;
            meter.End();
        }

        return fetched;
    }

    private string PathOf(BundleFile file) => Path.Combine(Folder, StoreLayout.Relative(file));

    private async Task<RemoteFile> DescribeAsync(HubClient hub, BundleFile file, CancellationToken cancellationToken)
    {
        HubException? refusal = null;
        int attempts = Math.Min(options.Attempts, FirstAttempts);
        for (int failures = 0, refusals = 0; failures < attempts && refusals < options.Mirrors.Count;)
        {
            try
            {
                var remote = await hub.DescribeAsync(file, (failures + refusals) % options.Mirrors.Count, cancellationToken)
                    .ConfigureAwait(false);
                if (file.Size is { } size && size != remote.Size)
                    throw new HubException($"{file.Repository}/{file.Path}: expected {size} bytes, found {remote.Size} on the hub");
                if (ShardIndex.IsIndex(file.Path) && remote.Size > ShardIndex.Longest)
                {
                    throw new HubException(
                        $"{file.Repository}/{file.Path}: expected an index of at most {ShardIndex.Longest} bytes, found {remote.Size}");
                }

                if (file.Sha256 is { } hash && remote.Sha256 is { } other && hash != other)
                    throw new HubException($"{file.Repository}/{file.Path}: expected SHA-256 {hash}, found {other} on the hub");
                return remote;
            }
            catch (HubException e)
            {
                refusal = e.Passing ? refusal ?? e : e;
                if (!e.Passing) refusals++;
                else if (++failures < attempts)
                    await Task.Delay(e.RetryAfter ?? options.Backoff(failures), cancellationToken).ConfigureAwait(false);
            }
        }
        throw refusal!;
    }

    private void CheckRoom(BundleFile[] files, RemoteFile[] remotes)
    {
        Directory.CreateDirectory(Folder);
        long needed = 0;
        for (int i = 0; i < files.Length; i++)
            needed += remotes[i].Size - Math.Min(remotes[i].Size, BytesOnDisk(PathOf(files[i]) + ".part"));
        long free = new DriveInfo(Folder).AvailableFreeSpace;
        if (needed > free) throw new BundleException($"{Folder}: expected {needed:N0} bytes of free disk, found {free:N0}");
    }

    /// <summary>
    /// Returns the number of fetched bytes of an incomplete file. It is read from the journal, because the file has holes.
    /// </summary>
    private static long BytesOnDisk(string part) => File.Exists(part) ? DownloadJournal.Peek(Path.ChangeExtension(part, ".journal")) : 0;

    /// <summary>Fetches one file and checks its hash.</summary>
    /// <returns>False if another process fetched the file in the meantime.</returns>
    private async Task<bool> FetchAsync(
        HubClient hub, BundleFile file, RemoteFile remote, ProgressMeter meter, CancellationToken cancellationToken)
    {
        string path = PathOf(file);
        using var held = await FileLock.TakeAsync(path + ".lock", cancellationToken).ConfigureAwait(false);
        if (FindInStore(file) is not null)
        {
            meter.Resume(remote.Size);
            return false;
        }
        bool first = true;
        string found;
        using (var download = new Download(hub, options, file, remote, path, count =>
        {
            if (first) meter.Resume(count);
            else meter.Add(count);
            first = false;
        }))
        {
            found = await download.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        if ((file.Sha256 ?? remote.Sha256) is { } expected && expected != found)
        {
            File.Delete(path + ".part");
            File.Delete(path + ".journal");
            throw new BundleException(
                $"{file.Repository}/{file.Path}: expected SHA-256 {expected}, found {found}; the download was thrown away");
        }
        new Receipt(remote.Size, found, remote.ETag, remote.Commit).Write(path);
        AtomicFile.Rename(path + ".part", path, durable: true);
        File.Delete(path + ".journal");
        return true;
    }

    private static bool IsBusy(string path)
    {
        if (!File.Exists(path + ".lock")) return false;
        try
        {
            using var held = new FileStream(path + ".lock", FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
