namespace Locutor.Jobs.Queue;

/// <summary>A job that waits for a worker.</summary>
public readonly record struct Waiting(string Id, string Owner, long Order);

/// <summary>
/// The order in which waiting jobs run. Owners take turns, and an owner with fewer running jobs comes first. The jobs of one owner run in
/// the order of acceptance. So an owner with ten thousand waiting jobs delays the single job of another owner by one place only.
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
    public int CountOf(string owner) => lanes.TryGetValue(owner, out var lane) ? lane.Waiting.Count : 0;

    /// <summary>Adds a job. If the queue has it already, nothing changes.</summary>
    public bool Add(Waiting job) => waiting.TryAdd(job.Id, job) && LaneOf(job.Owner).Waiting.Add((job.Order, job.Id));

    /// <summary>Removes a job before its turn.</summary>
    public bool Remove(string id)
    {
        if (!waiting.Remove(id, out var job))
            return false;
        var lane = lanes[job.Owner];
        lane.Waiting.Remove((job.Order, id));
        Forget(job.Owner, lane);
        return true;
    }

    /// <summary>Removes the job whose turn it is and counts it as running for its owner until <see cref="Finished"/> is called.</summary>
    public bool TryTake(out Waiting job)
    {
        var next = lanes.Values.Where(lane => lane.Waiting.Count > 0).MinBy(lane => (lane.Running, lane.LastTurn));
        if (next is null)
        {
            job = default;
            return false;
        }
        var (_, id) = next.Waiting.Min;
        next.Waiting.Remove(next.Waiting.Min);
        next.Running++;
        next.LastTurn = ++turn;
        waiting.Remove(id, out job);
        return true;
    }

    /// <summary>Counts a running job that was not taken from this queue, for example after a restart.</summary>
    public void Started(string owner) => LaneOf(owner).Running++;

    /// <summary>Notes that a running job of the owner has ended.</summary>
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
        int ahead = own.Waiting.GetViewBetween((long.MinValue, ""), (job.Order, id)).Count - 1;
        int position = ahead + 1;
        foreach (var (owner, lane) in lanes)
        {
            if (owner == job.Owner)
                continue;
            bool before = (lane.Running, lane.LastTurn).CompareTo((own.Running, own.LastTurn)) < 0;
            position += Math.Min(lane.Waiting.Count, ahead + (before ? 1 : 0));
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
        if (lane.Waiting.Count == 0 && lane.Running == 0)
            lanes.Remove(owner);
    }

    private sealed class Lane
    {
        public SortedSet<(long Order, string Id)> Waiting { get; } = [];
        public int Running { get; set; }
        public long LastTurn { get; set; }
    }
}
