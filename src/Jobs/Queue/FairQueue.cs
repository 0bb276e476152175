using Locutor.Jobs.Records;

namespace Locutor.Jobs.Queue;

/// <summary>A job that waits for a worker.</summary>
public readonly record struct Waiting(string Id, string Owner, long Order)
{
    /// <summary>Jobs of one owner with a higher priority run first.</summary>
    public int Priority { get; init; }

    public JobNeeds Needs { get; init; }

    /// <summary>The number of jobs of the owner that may run at a time; 0 for any number.</summary>
    public int MaxRunning { get; init; }

    public static Waiting From(JobRecord job) => new(job.Id, job.Owner, job.Order)
    {
        Priority = job.Request.Priority,
        Needs = JobNeeds.From(job.Request),
        MaxRunning = job.MaxRunning,
    };
}

/// <summary>
/// The order in which waiting jobs run. Owners take turns, and an owner with fewer running jobs comes first. The jobs of one owner run by
/// priority and then in the order of acceptance. So an owner with ten thousand waiting jobs, of any priority, delays the single job of
/// another owner by one place only.
/// </summary>
public sealed class FairQueue
{
    private readonly Dictionary<string, Lane> lanes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Waiting> waiting = new(StringComparer.Ordinal);
    private long turn;

    /// <summary>The number of waiting jobs of all owners.</summary>
    public int Count => waiting.Count;

    /// <summary>The ids of the waiting jobs.</summary>
    public IEnumerable<string> Ids => waiting.Keys;

    public bool Contains(string id) => waiting.ContainsKey(id);

    /// <summary>Counts the waiting jobs of <paramref name="owner"/>.</summary>
    public int CountOf(string owner) => lanes.TryGetValue(owner, out var lane) ? lane.Count : 0;

    /// <summary>Adds a job. If the queue has it already, nothing changes.</summary>
    public bool Add(Waiting job) => waiting.TryAdd(job.Id, job) && LaneOf(job.Owner).Add(job);

    /// <summary>Removes a job before its turn.</summary>
    public bool Remove(string id)
    {
        if (!waiting.Remove(id, out var job))
            return false;
        var lane = lanes[job.Owner];
        lane.Remove(job);
        Forget(job.Owner, lane);
        return true;
    }

    /// <summary>
    /// Removes the next job in the order that the worker can run, and counts it as running for its owner until
    /// <see cref="Finished"/> is called. Owners that run as many jobs as they may are left out.
    /// </summary>
    public bool TryTake(WorkerOffer offer, out Waiting job)
    {
        job = default;
        var next = lanes.Values.Where(lane => lane.Free > 0).OrderBy(lane => (lane.Running, lane.LastTurn))
            .Select(lane => (Lane: lane, Id: lane.FirstFor(offer))).FirstOrDefault(found => found.Id is not null);
        if (next.Id is null)
            return false;
        waiting.Remove(next.Id, out job);
        next.Lane.Remove(job);
        next.Lane.Running++;
        next.Lane.LastTurn = ++turn;
        return true;
    }

    /// <summary>
    /// Counts the waiting jobs that a worker with this offer could start now if it were free, with the order of the oldest one. Jobs that
    /// exceed the limit of running jobs of their owner do not count.
    /// </summary>
    public (int Count, long Oldest) CountFor(WorkerOffer offer)
    {
        var counts = lanes.Values.Where(lane => lane.Free > 0).Select(lane => (lane.Free, For: lane.CountFor(offer))).ToArray();
        return (counts.Sum(lane => Math.Min(lane.Free, lane.For.Count)),
            counts.Select(lane => lane.For.Oldest).DefaultIfEmpty(long.MaxValue).Min());
    }

    /// <summary>Counts a running job that was not taken from this queue, for example after a restart.</summary>
    public void Started(string owner) => LaneOf(owner).Running++;

    /// <summary>Records that a running job of the owner has ended.</summary>
    public void Finished(string owner)
    {
        if (!lanes.TryGetValue(owner, out var lane))
            return;
        lane.Running = Math.Max(0, lane.Running - 1);
        Forget(owner, lane);
    }

    /// <summary>
    /// Returns the place of a job in the order, from 1 for the next one, under the assumption that all jobs run equally long; 0 when it
    /// does not wait.
    /// </summary>
    public int PositionOf(string id)
    {
        if (!waiting.TryGetValue(id, out var job))
            return 0;
        var own = lanes[job.Owner];
        int ahead = own.AheadOf(job);
        int position = ahead + 1;
        foreach (var (owner, lane) in lanes)
        {
            if (owner == job.Owner)
                continue;
            bool before = (lane.Running, lane.LastTurn).CompareTo((own.Running, own.LastTurn)) < 0;
            position += Math.Min(lane.Count, ahead + (before ? 1 : 0));
        }
        return position;
    }

    private Lane LaneOf(string owner)
    {
        if (!lanes.TryGetValue(owner, out var lane))
            lanes[owner] = lane = new Lane();
        return lane;
    }

    private void Forget(string owner, Lane lane)
    {
        if (lane.Count == 0 && lane.Running == 0)
            lanes.Remove(owner);
    }
}
