namespace Locutor.Jobs.Queue;

/// <summary>One waiting job.</summary>
public readonly record struct Waiting(string Id, string Owner, long Order);

/// <summary>
/// Jobs in the order in which they should run: each owner's own jobs in order of acceptance, and owners in turn, those with the fewest
/// running jobs first. One owner with ten thousand jobs delays another's single one by one place, not by ten thousand.
/// </summary>
public sealed class FairQueue
{
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
    private long _turn;

    /// <summary>Jobs waiting in all.</summary>
    public int Count => _waiting.Count;

    /// <summary>Jobs that wait.</summary>
    public IEnumerable<string> Ids => _waiting.Keys;

    public bool Contains(string id) => _waiting.ContainsKey(id);

    /// <summary>Jobs of <paramref name="owner"/> that wait.</summary>
    public int CountOf(string owner) => _lanes.TryGetValue(owner, out var lane) ? lane.Waiting.Count : 0;

    /// <summary>Adds a job; one that is already there is left as it stands.</summary>
    public bool Add(Waiting job) => _waiting.TryAdd(job.Id, job) && LaneOf(job.Owner).Waiting.Add((job.Order, job.Id));

    /// <summary>Takes a job out before its turn.</summary>
    public bool Remove(string id)
    {
        if (!_waiting.Remove(id, out var job))
            return false;
        var lane = _lanes[job.Owner];
        lane.Waiting.Remove((job.Order, id));
        Forget(job.Owner, lane);
        return true;
    }

    /// <summary>Takes the job whose turn it is and counts it as running for its owner until <see cref="Finished"/>.</summary>
    public bool TryTake(out Waiting job)
    {
        var next = _lanes.Values.Where(lane => lane.Waiting.Count > 0).MinBy(lane => (lane.Running, lane.LastTurn));
        if (next is null)
        {
            job = default;
            return false;
        }
        var (_, id) = next.Waiting.Min;
        next.Waiting.Remove(next.Waiting.Min);
        next.Running++;
        next.LastTurn = ++_turn;
        _waiting.Remove(id, out job);
        return true;
    }

    /// <summary>Counts a job as running that was not taken from here, as after a restart.</summary>
    public void Started(string owner) => LaneOf(owner).Running++;

    /// <summary>A job taken earlier runs no longer.</summary>
    public void Finished(string owner)
    {
        if (!_lanes.TryGetValue(owner, out var lane))
            return;
        lane.Running = Math.Max(0, lane.Running - 1);
        Forget(owner, lane);
    }

    /// <summary>How many jobs will start before and including this one if all run equally long; 0 when it does not wait.</summary>
    public int PositionOf(string id)
    {
        if (!_waiting.TryGetValue(id, out var job))
            return 0;
        var own = _lanes[job.Owner];
        var ahead = own.Waiting.GetViewBetween((long.MinValue, ""), (job.Order, id)).Count - 1;
        var position = ahead + 1;
        foreach (var (owner, lane) in _lanes)
        {
            if (owner == job.Owner)
                continue;
            var before = (lane.Running, lane.LastTurn).CompareTo((own.Running, own.LastTurn)) < 0;
            position += Math.Min(lane.Waiting.Count, ahead + (before ? 1 : 0));
        }
        return position;
    }

    private Lane LaneOf(string owner)
    {
        if (!_lanes.TryGetValue(owner, out var lane))
            _lanes[owner] = lane = new Lane();
        return lane;
    }

    private void Forget(string owner, Lane lane)
    {
        if (lane.Waiting.Count == 0 && lane.Running == 0)
            _lanes.Remove(owner);
    }

    private sealed class Lane
    {
        public SortedSet<(long Order, string Id)> Waiting { get; } = [];
        public int Running { get; set; }
        public long LastTurn { get; set; }
    }
}
