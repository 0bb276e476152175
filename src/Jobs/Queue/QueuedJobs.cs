using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Queue;

/// <summary>
/// Where each open job is: waiting for its inputs, waiting for a worker, running, or with a webhook to send. A job is in one list at most,
/// the one that its record calls for.
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

    /// <summary>Jobs in any list.</summary>
    public IEnumerable<string> Ids => _waiting.Ids.Concat(_fetching.Ids).Concat(_running.Keys).Concat(_webhooks.Ids);

    public bool Knows(string id) => _waiting.Contains(id) || _fetching.Contains(id) || _running.ContainsKey(id) || _webhooks.Contains(id);

    /// <summary>Jobs of <paramref name="owner"/> that have not started.</summary>
    public int NotStartedOf(string owner) => _waiting.CountOf(owner) + _fetchOwners.Values.Count(other => other == owner);

    /// <summary>The job that a worker has, as far as the queue knows.</summary>
    public JobRecord? RunningOn(string workerId) =>
        _running.Values.FirstOrDefault(running => running.Job.Worker == workerId).Job;

    public JobRecord? Running(string id) => _running.TryGetValue(id, out var running) ? running.Job : null;

    public IReadOnlyList<JobRecord> AllRunning() => [.. _running.Values.Select(running => running.Job)];

    /// <summary>Running jobs whose lease may have run out: the record has to say.</summary>
    public IReadOnlyList<JobRecord> LeasesToCheck()
    {
        var now = time.GetUtcNow();
        return [.. _running.Values.Where(running => running.CheckAt <= now).Select(running => running.Job)];
    }

    /// <summary>Whether the job is in the list that an index entry calls for.</summary>
    public bool Agrees(IndexEntry entry) => entry.Status switch
    {
        JobStatus.Running => _running.ContainsKey(entry.Id),
        JobStatus.Queued => _waiting.Contains(entry.Id) || _fetching.Contains(entry.Id),
        _ => _webhooks.Contains(entry.Id),
    };

    /// <summary>Moves a job to the list that its record calls for and out of all others.</summary>
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

    /// <summary>Forgets a job of which there is no record.</summary>
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
        // The lease is by the clock of the machine that keeps the record, which may differ from this one's.
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
