using System.Security.Cryptography;
using Locutor.Models.Hub;
using Microsoft.Win32.SafeHandles;

namespace Locutor.Models.Store;

/// <summary>
/// Downloads one file in parallel ranges and computes its hash meanwhile. The progress is always recorded on disk: if a process is killed,
/// another one resumes the download.
/// </summary>
internal sealed class Download : IDisposable
{
    private const int BufferSize = 256 << 10;
    private readonly HubClient hub;
    private readonly HubOptions options;
    private readonly BundleFile file;
    private readonly RemoteFile remote;
    private readonly string part;
    private readonly SafeFileHandle handle;
    private readonly DownloadJournal journal;
    private readonly Extents done;
    private readonly Queue<(long First, long End)> work;
    private readonly SemaphoreSlim arrived = new(0);
    private readonly Action<long> progress;
    private readonly long journalEvery;

    /// <summary>Prepares a download, and resumes an earlier one of equal content.</summary>
    /// <param name="hub">The client.</param>
    /// <param name="options">Number of connections and retries.</param>
    /// <param name="file">The file to fetch.</param>
    /// <param name="remote">Size and hash as the hub reported them.</param>
    /// <param name="target">Path of the finished file; temporary files have the suffixes <c>.part</c> and <c>.journal</c>.</param>
    /// <param name="progress">Called with the number of new bytes; the first call has the bytes of an earlier run.</param>
    public Download(HubClient hub, HubOptions options, BundleFile file, RemoteFile remote, string target, Action<long> progress)
    {
        (this.hub, this.options, this.file, this.remote, this.progress) = (hub, options, file, remote, progress);
        part = target + ".part";
        (journal, done) = DownloadJournal.Open(target + ".journal", remote.Size, remote.Sha256 ?? remote.ETag, File.Exists(part));
        handle = File.OpenHandle(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        if (RandomAccess.GetLength(handle) != remote.Size) RandomAccess.SetLength(handle, remote.Size);
        journalEvery = Math.Clamp(remote.Size / 16384, 16 << 10, 1 << 20);
        work = new(done.Missing(remote.Size, Math.Clamp(remote.Size / Math.Max(1, options.Connections * 4L), 1 << 20, 64 << 20)));
        progress(done.Total);
    }

    /// <summary>Fetches all missing ranges and computes the hash.</summary>
    /// <returns>The SHA-256 of the file in lower-case hexadecimal.</returns>
    /// <exception cref="HubException">Every mirror failed too often.</exception>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var hash = HashAsync(stop.Token);
        Task[] workers = [.. Enumerable.Range(0, Math.Clamp(options.Connections, 1, 64)).Select(_ => WorkAsync(stop.Token)), hash];
        foreach (var worker in workers)
        {
            _ = worker.ContinueWith(
                _ => stop.Cancel(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }

        try
        {
            await Task.WhenAll(workers).ConfigureAwait(false);
        }
        catch when (workers.FirstOrDefault(w => w.IsFaulted) is { } failed)
        {
            await failed.ConfigureAwait(false);
        }
        RandomAccess.FlushToDisk(handle);
        return await hash.ConfigureAwait(false);
    }

    public void Dispose()
    {
        handle.Dispose();
        journal.Dispose();
        arrived.Dispose();
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        byte[] buffer = new byte[BufferSize];
        int failures = 0;
        while (Take() is var (first, end) && first < end)
        {
            while (first < end)
            {
                long before = first;
                try
                {
                    first = await FetchAsync(failures % options.Mirrors.Count, first, end, buffer, cancellationToken).ConfigureAwait(false);
                    failures = 0;
                }
                catch (PartFailedException failed) when (failed.Cause.Passing)
                {
                    first = failed.Reached;
                    failures = first > before ? 1 : failures + 1;
                    if (failures >= options.Attempts)
                        throw new HubException($"{failed.Cause.Message}; given up after {failures} attempts", failed.Cause);
                    await Task.Delay(failed.Cause.RetryAfter ?? options.Backoff(failures), cancellationToken).ConfigureAwait(false);
                }
                catch (PartFailedException failed)
                {
                    if (++failures >= options.Mirrors.Count) throw failed.Cause;
                    first = failed.Reached;
                }
            }
        }
    }

    private (long First, long End) Take()
    {
        lock (work) return work.TryDequeue(out var unit) ? unit : (0, 0);
    }

    /// <summary>Fetches the bytes [first, end) from one mirror and records them in the journal.</summary>
    /// <returns>The end, when all went well.</returns>
    private async Task<long> FetchAsync(int mirror, long first, long end, byte[] buffer, CancellationToken cancellationToken)
    {
        long place = first, recorded = first;
        try
        {
            using var response = await hub.OpenAsync(file, mirror, remote, first, end, cancellationToken).ConfigureAwait(false);
            using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            while (place < end)
            {
                patience.CancelAfter(options.StallTimeout);
                int read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - place)), patience.Token)
                    .ConfigureAwait(false);
                if (read == 0)
                {
                    throw new HubException(
                        $"{file.Repository}/{file.Path}: the connection closed at byte {place} of {end}")
                    { Passing = true };
                }

                await RandomAccess.WriteAsync(handle, buffer.AsMemory(0, read), place, cancellationToken).ConfigureAwait(false);
                place += read;
                progress(read);
                if (place - recorded >= journalEvery) recorded = Record(recorded, place);
            }
            return place;
        }
        catch (HubException failure)
        {
            throw new PartFailedException(place, failure);
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException { InnerException: not null } or HttpIOException or OperationCanceledException
                && !cancellationToken.IsCancellationRequested)
        {
            throw new PartFailedException(
                place,
                new HubException(
                    $"{file.Repository}/{file.Path}: the connection broke at byte {place} of {end}: {e.Message}", e)
                { Passing = true });
        }
        finally
        {
            Record(recorded, place);
        }
    }

    private long Record(long from, long to)
    {
        if (to <= from) return from;
        lock (done)
        {
            journal.Add(from, to);
            done.Add(from, to);
        }
        if (arrived.CurrentCount == 0) arrived.Release();
        return to;
    }

    /// <summary>Computes the hash of the file as its beginning becomes complete, reading from the system's page cache.</summary>
    private async Task<string> HashAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        for (long place = 0; place < remote.Size;)
        {
            long reach;
            lock (done) reach = done.Prefix;
            if (reach == place)
            {
                await arrived.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }
            while (place < reach)
            {
                int read = RandomAccess.Read(handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, reach - place)), place);
                if (read == 0) throw new IOException($"{part}: expected {reach} bytes, found {place}");
                hash.AppendData(buffer, 0, read);
                place += read;
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

#pragma warning disable CA1032, CA1064 // carries how far a part came, and never leaves this class
    private sealed class PartFailedException(long reached, HubException cause) : Exception(cause.Message, cause)
    {
        public long Reached { get; } = reached;

        public HubException Cause { get; } = cause;
    }
#pragma warning restore CA1032, CA1064
}
