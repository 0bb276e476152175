using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Service.Access;
using Locutor.Service.Availability;
using Locutor.Service.Files;
using Locutor.Service.Settings;

namespace Locutor.Service.Operations;

/// <summary>
/// Removes files that have expired or belong to no accepted job, keeps the disk quota, keeps the queue active and updates its metrics.
/// </summary>
internal sealed partial class Janitor(
    IGrainFactory grains, DataFolder folder, IFileStore store, DiskQuota quota, RevokedTokens revoked, JobsMetrics metrics,
    ServeSettings settings, TimeProvider time, ILogger<Janitor> logger) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AsideAge = TimeSpan.FromHours(6);

    private static readonly TimeSpan SweepPause = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(10);

    // The longest time that a submission may still take after its last file was stored.
    private readonly TimeSpan unclaimed = TimeSpan.FromMinutes(settings.UploadMinutes) + TimeSpan.FromSeconds(settings.FetchSeconds)
        + Slack;
    private readonly TimeSpan round = TimeSpan.FromSeconds(settings.CleanSeconds);

    private long? swept;

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        long last = time.GetTimestamp() - (long)(round.TotalSeconds * time.TimestampFrequency);
        return Rounds.RunAsync(RoundAsync, Beat, time, LogWaits, LogFailed, stoppingToken);

        async Task RoundAsync()
        {
            // This call keeps the queue active and gives every node the statistics of the whole cluster.
            metrics.Observe(await grains.GetGrain<IQueueGrain>(IQueueGrain.Key).StatisticsAsync());
            if (time.GetElapsedTime(last) >= round)
            {
                last = time.GetTimestamp();
                await CleanAsync(stoppingToken);
            }
            await Task.Delay(round < Beat ? round : Beat, time, stoppingToken);
        }
    }

    private async Task CleanAsync(CancellationToken cancellationToken)
    {
        foreach (var file in
                new DirectoryInfo(folder.Absolute("aside")).EnumerateFiles()
                    .Where(file => time.GetUtcNow() - file.LastWriteTimeUtc > AsideAge))
        {
            file.Delete();
        }

        foreach (string owner in await grains.GetGrain<IOwnersGrain>(IOwnersGrain.Key).ListAsync())
        {
            var index = grains.GetGrain<ITokenIndexGrain>(owner);
            foreach (var entry in await index.ExpiredAsync(time.GetUtcNow()))
            {
                cancellationToken.ThrowIfCancellationRequested();
                await RemoveAsync(owner, entry);
            }
        }
        await revoked.CancelJobsAsync(cancellationToken);
        if (this.swept is not { } swept || time.GetElapsedTime(swept) >= SweepPause)
        {
            this.swept = time.GetTimestamp();
            await SweepAsync(cancellationToken);
        }
        quota.Measure();
        if (quota.Excess > 0)
            await MakeRoomAsync(cancellationToken);
    }

    /// <summary>
    /// Removes files of submissions that were never accepted, because the service stopped or an answer was lost, and files that should
    /// have been removed when their job expired.
    /// </summary>
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - unclaimed;
        // Files are listed before the indices are read, so that jobs accepted in the meantime are known.
        string[] old = (await store.WrittenAsync(cancellationToken)).Where(job => job.Value < before).Select(job => job.Key).ToArray();
        string[] owners = await grains.GetGrain<IOwnersGrain>(IOwnersGrain.Key).ListAsync();
        if (owners.Length == 0)
            return; // An empty database may be the wrong one, so no files are removed because of it.
        string[] unknown = old;
        foreach (string owner in owners)
        {
            var index = grains.GetGrain<ITokenIndexGrain>(owner);
            foreach (string id in await index.WithoutFilesAsync(old))
                await store.RemoveAsync(id, cancellationToken);
            unknown = await index.UnknownAsync(unknown);
        }
        foreach (string? id in unknown)
        {
            await grains.GetGrain<IJobGrain>(id).DiscardAsync();
            await store.RemoveAsync(id, cancellationToken);
        }
        if (unknown.Length > 0)
            LogSwept(unknown.Length);
    }

    private async Task RemoveAsync(string owner, IndexEntry entry)
    {
        var job = grains.GetGrain<IJobGrain>(entry.Id);
        // The record is changed before the files are removed, so that no record refers to a missing result.
        bool gone = entry.Status is JobStatus.Expired ? await job.DeleteAsync() : await job.ExpireAsync() is null;
        await store.RemoveAsync(entry.Id, CancellationToken.None);
        if (gone)
            await grains.GetGrain<ITokenIndexGrain>(owner).RemoveAsync(entry.Id);
    }

    private async Task MakeRoomAsync(CancellationToken cancellationToken)
    {
        var finished = new List<(string Owner, IndexEntry Entry)>();
        foreach (string owner in await grains.GetGrain<IOwnersGrain>(IOwnersGrain.Key).ListAsync())
        {
            finished.AddRange((await grains.GetGrain<ITokenIndexGrain>(owner).ExpiredAsync(DateTimeOffset.MaxValue))
                .Where(entry => entry.Status is not JobStatus.Expired).Select(entry => (owner, entry)));
        }

        foreach (var (owner, entry) in finished.OrderBy(found => found.Entry.Order))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await RemoveAsync(owner, entry);
            quota.Measure();
            LogMadeRoom(entry.Id);
            if (quota.Excess == 0)
                return;
        }
    }

    [LoggerMessage(LogLevel.Information, "the files of {Count} submissions that never became jobs were removed")]
    private partial void LogSwept(int count);

    [LoggerMessage(LogLevel.Warning, "the result of {Job} was removed to stay within the disk quota")]
    private partial void LogMadeRoom(string job);

    [LoggerMessage(LogLevel.Warning, "old files are not removed until the database and the queue answer: {Reason}")]
    private partial void LogWaits(string reason);

    [LoggerMessage(LogLevel.Error, "old files could not be removed")]
    private partial void LogFailed(Exception exception);
}
