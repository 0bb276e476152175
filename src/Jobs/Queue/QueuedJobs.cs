using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Queue;

/// <summary>
/// The lists of open jobs: jobs whose inputs are to be fetched, jobs that wait for a worker, running jobs, and jobs with a webhook to send.
/// Each job is in at most one list, which follows from its record.
/// </summary>
public sealed class QueuedJobs(TimeProvider time, TimeSpan lease)
{
    private readonly FairQueue waiting = new();
    private readonly DueList fetching = new();
    private readonly DueList webhooks = new();
    private readonly DueList deadlines = new();
    private readonly Dictionary<string, string> fetchOwners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (JobRecord Job, DateTimeOffset CheckAt)> running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> versions = new(StringComparer.Ordinal);

    public FairQueue Waiting => waiting;

    public DueList Fetching => fetching;

    public DueList Webhooks => webhooks;

    /// <summary>The unfinished jobs that have a deadline, due when it passes.</summary>
    public DueList Deadlines => deadlines;

    public int RunningCount => running.Count;

    /// <summary>The ids of the jobs in all lists.</summary>
    public IEnumerable<string> Ids => waiting.Ids.Concat(fetching.Ids).Concat(running.Keys).Concat(webhooks.Ids);

    public bool Knows(string id) => waiting.Contains(id) || fetching.Contains(id) || running.ContainsKey(id) || webhooks.Contains(id);

    /// <summary>Returns the version of the record by which an open job was placed last; null for other jobs.</summary>
    public long? VersionOf(string id) => versions.TryGetValue(id, out long version) ? version : null;

    /// <summary>Counts the jobs of <paramref name="owner"/> that have not started: those to fetch and those that wait.</summary>
    public int NotStartedOf(string owner) => waiting.CountOf(owner) + fetchOwners.Values.Count(other => other == owner);

    /// <summary>Returns the job that runs on a worker as far as the queue knows, or null.</summary>
    public JobRecord? RunningOn(string workerId) =>
        running.Values.FirstOrDefault(running => running.Job.Worker == workerId).Job;

    public JobRecord? Running(string id) => this.running.TryGetValue(id, out var running) ? running.Job : null;

    public IReadOnlyList<JobRecord> AllRunning() => [.. running.Values.Select(running => running.Job)];

    /// <summary>Returns the running jobs whose lease may have run out. The caller reads the record of each job to be sure.</summary>
    public IReadOnlyList<JobRecord> LeasesToCheck()
    {
        var now = time.GetUtcNow();
        return [.. running.Values.Where(running => running.CheckAt <= now).Select(running => running.Job)];
    }

    /// <summary>Returns whether the job is in the list that fits the status of its index entry.</summary>
    public bool Agrees(IndexEntry entry) => entry.Status switch
    {
        JobStatus.Running => running.ContainsKey(entry.Id),
        JobStatus.Queued => waiting.Contains(entry.Id) || fetching.Contains(entry.Id),
        _ => webhooks.Contains(entry.Id),
    };

    /// <summary>Moves a job to the list that follows from its record and removes it from all others.</summary>
    public void Place(JobRecord job)
    {
        bool running = job.Status is JobStatus.Running;
        bool fetch = job.Status is JobStatus.Queued && !job.Request.InputsStored;
        bool webhook = job.Status.IsTerminal() && job.Webhook is { Settled: false, NextAt: not null };
        if (!running)
            RemoveRunning(job.Id);
        if (!fetch && fetchOwners.Remove(job.Id))
            fetching.Remove(job.Id);
        if (job.Status is not JobStatus.Queued || fetch)
            waiting.Remove(job.Id);
        if (!webhook)
            webhooks.Remove(job.Id);
        if (job.Status.IsTerminal())
            deadlines.Remove(job.Id);
        else if (job.Request.NotAfter is { } deadline)
            deadlines.Add(job.Id, deadline);
        if (running)
            PlaceRunning(job);
        else if (fetch)
            PlaceFetching(job);
        else if (job.Status is JobStatus.Queued)
            waiting.Add(Queue.Waiting.From(job));
        else if (webhook)
            webhooks.Add(job.Id, job.Webhook!.NextAt!.Value);
        if (running || webhook || job.Status is JobStatus.Queued)
            versions[job.Id] = job.Version;
        else
            versions.Remove(job.Id);
    }

    /// <summary>Removes a job from all lists because it has no record.</summary>
    public void Drop(string id)
    {
        RemoveRunning(id);
        waiting.Remove(id);
        webhooks.Remove(id);
        deadlines.Remove(id);
        fetching.Remove(id);
        fetchOwners.Remove(id);
        versions.Remove(id);
    }

    private void PlaceFetching(JobRecord job)
    {
        fetchOwners[job.Id] = job.Owner;
        fetching.Add(job.Id, job.CreatedAt);
    }

    private void PlaceRunning(JobRecord job)
    {
        var now = time.GetUtcNow();
        var until = job.LeaseUntil ?? now;
        // Another machine set the end of the lease, and its clock may differ: never wait longer than one lease by this clock.
        var checkAt = until > now + lease ? now + lease : until;
        if (!running.ContainsKey(job.Id))
            waiting.Started(job.Owner);
        running[job.Id] = (job, checkAt);
    }

    private void RemoveRunning(string id)
    {
        if (this.running.Remove(id, out var running))
            waiting.Finished(running.Job.Owner);
    }
}
