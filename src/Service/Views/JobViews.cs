using System.Globalization;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Availability;
using Locutor.Service.Files;
using Locutor.Service.Http;

namespace Locutor.Service.Views;

/// <summary>Finds the jobs of a caller and adds their place in the queue.</summary>
internal sealed class JobViews(IGrainFactory grains)
{
    private const int MostRounds = 20;

    private IQueueGrain Queue => grains.GetGrain<IQueueGrain>(IQueueGrain.Key);

    /// <summary>Returns a job of the caller.</summary>
    /// <exception cref="ProblemException">
    /// Status 404: no job has this id, or the job belongs to another token or is a part of a video.
    /// </exception>
    public async Task<JobRecord> FindAsync(Token caller, string id)
    {
        var job = JobId.IsValid(id) ? await Outage.RetryAsync(grains.GetGrain<IJobGrain>(id).GetAsync, CancellationToken.None) : null;
        return job?.Owner == caller.KeyId && job.Request.Part is null
            ? job
            : throw new ProblemException(404, "not_found", "there is no such job");
    }

    /// <summary>
    /// Lists one page of the caller's jobs, newest first, with the cursor of the next page. A filter looks at a bounded number of jobs,
    /// so a page may be short.
    /// </summary>
    public async Task<(IReadOnlyList<JobRecord> Jobs, long? Next)> ListAsync(
        Token caller, long? before, int most, JobStatus? status, JobFilter filter)
    {
        var found = new List<JobRecord>();
        long? next = before is { } cursor && filter.FirstCursor is { } first ? Math.Min(cursor, first) : before ?? filter.FirstCursor;
        for (int round = 0; round < MostRounds; round++)
        {
            var (jobs, following) = await ReadAsync(caller, next, most, status);
            foreach (var job in jobs.Where(filter.Fits))
            {
                found.Add(job);
                if (found.Count == most)
                    return (found, ReferenceEquals(job, jobs[^1]) && following is null ? null : job.Order);
            }
            next = following is { } end && !filter.EndsAt(end) ? end : null;
            if (next is null)
                break;
        }
        return (found, next);
    }

    private Task<(JobRecord[] Jobs, long? Next)> ReadAsync(Token caller, long? before, int most, JobStatus? status) => Outage.RetryAsync(
        async () =>
        {
            var listing = await grains.GetGrain<ITokenIndexGrain>(caller.KeyId).ListAsync(before, most, status);
            var jobs = await Task.WhenAll(listing.Entries.Select(entry => Grain(entry.Id).GetAsync()));
            return (jobs.OfType<JobRecord>().ToArray(), listing.Next);
        },
        CancellationToken.None);

    /// <summary>
    /// Returns the record as soon as its version is above <paramref name="version"/>, at the latest after <paramref name="atMost"/>.
    /// </summary>
    public Task<JobRecord?> WaitAsync(string id, long version, TimeSpan atMost, CancellationToken cancellationToken) =>
        Outage.RetryAsync(() => Grain(id).WaitAsync(version, atMost), cancellationToken);

    /// <summary>Cancels a job of the caller if it has not ended, and deletes its record and its files.</summary>
    /// <exception cref="ProblemException">Status 404: no job has this id, or the job belongs to another token.</exception>
    public async Task RemoveAsync(Token caller, string id, IFileStore store)
    {
        var job = await FindAsync(caller, id);
        await Grain(id).CancelAsync();
        await Grain(id).DeleteAsync();
        foreach (string removed in (IEnumerable<string>)[id, .. await EndPartsAsync(job)])
            await store.RemoveAsync(removed, CancellationToken.None);
    }

    /// <summary>Ends the parts of a video that has ended. Returns the ids of those whose files can be removed.</summary>
    public Task<IReadOnlyList<string>> EndPartsAsync(JobRecord job) => PartJobs.EndAsync(grains, job);

    public IJobGrain Grain(string id) => grains.GetGrain<IJobGrain>(id);

    public async Task<JobView> ShowAsync(JobRecord job)
    {
        if (job.Status is not JobStatus.Queued)
            return JobView.From(job);
        var (position, statistics) = await Outage.RetryAsync(
            async () => (await Queue.PositionAsync(job.Id), await Queue.StatisticsAsync()), CancellationToken.None);
        double rounds = Math.Ceiling((position + statistics.Running) / (double)Math.Max(1, statistics.Workers));
        double? eta = statistics.TypicalSeconds > 0 && position > 0 ? Math.Round(rounds * statistics.TypicalSeconds) : (double?)null;
        return JobView.From(job, position, eta, position > 0 ? WaitsFor(JobNeeds.From(job.Request), statistics.Offers ?? []) : null);
    }

    /// <summary>Returns why no worker can take a job with these needs; null when one can, or when none is connected.</summary>
    internal static string? WaitsFor(JobNeeds needs, IReadOnlyList<WorkerOffer> offers)
    {
        if (offers.Count == 0 || offers.Any(offer => offer.Fits(needs)))
            return null;
        if (!offers.Any(offer => offer.HasModel(needs.Model)))
            return $"a worker that has the model {needs.Model}; none is connected";
        return offers.Any(offer => offer.HasMemory(needs.MemoryGiB))
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"a worker that has both the model {needs.Model} and {needs.MemoryGiB} GiB; none is connected")
            : string.Create(CultureInfo.InvariantCulture, $"a worker with {needs.MemoryGiB} GiB of memory; none is connected");
    }
}
