using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Usage;
using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Queue;

/// <summary>
/// Compares the indices of open jobs with the queue. Where they differ, the record of the job decides: the queue moves the job to the list
/// that follows from the record, and the index is updated. A new queue is empty, so the first comparison adds every open job.
/// </summary>
/// <param name="read">Reads the record of a job, moves the job accordingly and returns the record; null when there is none.</param>
internal sealed partial class QueueComparison(
    IGrainFactory grains, QueuedJobs jobs, Func<string, Task<JobRecord?>> read, UsageStore usage, ILogger logger)
{
    private const int InParallel = 128;

    /// <summary>Compares all indices with the queue. Returns the number of jobs whose records had to be read.</summary>
    public async Task<int> RunAsync()
    {
        int differing = 0;
        var open = new HashSet<string>(StringComparer.Ordinal);
        foreach (string owner in await grains.GetGrain<IOwnersGrain>(IOwnersGrain.Key).ListAsync())
        {
            var entries = await grains.GetGrain<ITokenIndexGrain>(owner).OpenAsync();
            open.UnionWith(entries.Select(entry => entry.Id));
            differing += await ReadAsync([.. entries.Where(entry => !jobs.Agrees(entry)).Select(entry => entry.Id)], owner);
        }
        return differing + await ReadAsync([.. jobs.Ids.Where(id => !open.Contains(id))], null);
    }

    /// <summary>Reads the record of a job and places the job accordingly. Returns null when there is no record.</summary>
    /// <param name="owner">The token whose index contains the job; null when no index does.</param>
    public async Task<JobRecord?> ReadAsync(string id, string? owner)
    {
        var job = await read(id);
        if (job is not null)
        {
            // A crash may have come between the end of the job and the record of its usage.
            await usage.RecordAsync(job);
            await grains.GetGrain<ITokenIndexGrain>(job.Owner).ChangedAsync(job);
            return job;
        }
        if (owner is not null)
        {
            LogNoRecord(id);
            await grains.GetGrain<ITokenIndexGrain>(owner).RemoveAsync(id);
        }
        return null;
    }

    private async Task<int> ReadAsync(string[] ids, string? owner)
    {
        foreach (string[] some in ids.Chunk(InParallel))
            await Task.WhenAll(some.Select(id => ReadAsync(id, owner)));
        return ids.Length;
    }

    [LoggerMessage(LogLevel.Warning, "job {Job} has no record any more and is removed from the index")]
    private partial void LogNoRecord(string job);
}
