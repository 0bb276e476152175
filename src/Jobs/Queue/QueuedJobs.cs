using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Queue;

/// <summary>
/// The lists of open jobs: jobs whose inputs are to be fetched, jobs that wait for a worker, running jobs, and jobs with a webhook to send.
/// Each job is in at most one list, which follows from its record.
/// </summary>
public sealed class QueuedJobs(TimeProvider time, TimeSpan lease)
{
    private readonly FairQueue _waiting = new();
    private readonly DueList _fetching = new();
    private readonly DueList _webhooks = new();
    private readonly Dictionary<string, string> _fetchOwners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (JobRecord Job, DateTimeOffset CheckAt)> _running = new(StringComparer.Ordinal);

    public FairQueue Waiting => _waiting;

    public DueList Fetching => _fetching;

    public DueList Webhooks => _webhooks;

    public int RunningCount => _running.Count;

    /// <summary>The ids of the jobs in all lists.</summary>
    public IEnumerable<string> Ids => _waiting.Ids.Concat(_fetching.Ids).Concat(_running.Keys).Concat(_webhooks.Ids);

    public bool Knows(string id) => _waiting.Contains(id) || _fetching.Contains(id) || _running.ContainsKey(id) || _webhooks.Contains(id);

    /// <summary>Counts the jobs of <paramref name="owner"/> that have not started: those to fetch and those that wait.</summary>
    public int NotStartedOf(string owner) => _waiting.CountOf(owner) + _fetchOwners.Values.Count(other => other == owner);

    /// <summary>Returns the job that runs on a worker as far as the queue knows, or null.</summary>
    public JobRecord? RunningOn(string workerId) =>
        _running.Values.FirstOrDefault(running => running.Job.Worker == workerId).Job;

    public JobRecord? Running(string id) => _running.TryGetValue(id, out var running) ? running.Job : null;

    public IReadOnlyList<JobRecord> AllRunning() => [.. _running.Values.Select(running => running.Job)];

    /// <summary>Returns the running jobs whose lease may have run out. The caller reads the record of each job to be sure.</summary>
    public IReadOnlyList<JobRecord> LeasesToCheck()
    {
        var now = time.GetUtcNow();
        return [.. _running.Values.Where(running => running.CheckAt <= now).Select(running => running.Job)];
    }

    /// <summary>Returns whether the job is in the list that fits the status of its index entry.</summary>
    public bool Agrees(IndexEntry entry) => entry.Status switch
    {
        JobStatus.Running => _running.ContainsKey(entry.Id),
        JobStatus.Queued => _waiting.Contains(entry.Id) || _fetching.Contains(entry.Id),
        _ => _webhooks.Contains(entry.Id),
    };

    /// <summary>Moves a job to the list that follows from its record and removes it from all others.</summary>
    public void Place(JobRecord job)
    {
        var running = job.Status is JobStatus.Running;
        var fetch = job.Status is JobStatus.Queued && !job.Request.InputsStored;
        var webhook = job.Status.IsTerminal() && job.Webhook is { Settled: false, NextAt: not null };
        if (!running)
            RemoveRunning(job.Id);
        if (!fetch && _fetchOwners.Remove(job.Id))
            _fetching.Remove(job.Id);
        if (job.Status is not JobStatus.Queued || fetch)
            _waiting.Remove(job.Id);
        if (!webhook)
            _webhooks.Remove(job.Id);
        if (running)
            PlaceRunning(job);
        else if (fetch)
            PlaceFetching(job);
        else if (job.Status is JobStatus.Queued)
            _waiting.Add(new Waiting(job.Id, job.Owner, job.Order));
        else if (webhook)
            _webhooks.Add(job.Id, job.Webhook!.NextAt!.Value);
    }

    /// <summary>Removes a job from all lists because it has no record.</summary>
    public void Drop(string id)
    {
        RemoveRunning(id);
        _waiting.Remove(id);
        _webhooks.Remove(id);
        _fetching.Remove(id);
        _fetchOwners.Remove(id);
    }

    private void PlaceFetching(JobRecord job)
    {
        _fetchOwners[job.Id] = job.Owner;
        _fetching.Add(job.Id, job.CreatedAt);
    }

    private void PlaceRunning(JobRecord job)
    {
        var now = time.GetUtcNow();
        var until = job.LeaseUntil ?? now;
        // Another machine set the end of the lease, and its clock may differ: never wait longer than one lease by this clock.
        var checkAt = until > now + lease ? now + lease : until;
        if (!_running.ContainsKey(job.Id))
            _waiting.Started(job.Owner);
        _running[job.Id] = (job, checkAt);
    }

    private void RemoveRunning(string id)
    {
        if (_running.Remove(id, out var running))
            _waiting.Finished(running.Job.Owner);
    }
}
