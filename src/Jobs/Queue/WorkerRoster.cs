using Locutor.Jobs.Grains;

namespace Locutor.Jobs.Queue;

/// <summary>The workers that reported to the queue lately, and the workers that left or were declared gone and get no more jobs.</summary>
public sealed class WorkerRoster(TimeProvider time)
{
    /// <summary>
    /// How long a silent worker stays listed, and how long a departed worker is refused. It is longer than any delayed call of a worker
    /// can take to arrive.
    /// </summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, WorkerReport> workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> departed = new(StringComparer.Ordinal);
    private readonly HashSet<string> gone = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WorkerOrder> orders = new(StringComparer.Ordinal);
    private readonly DateTimeOffset since = time.GetUtcNow();

    public int Count => workers.Count;

    /// <summary>The number of departed workers that are still refused.</summary>
    public int DepartedCount => departed.Count;

    public IEnumerable<WorkerReport> All => workers.Values;

    public void Seen(WorkerReport worker)
    {
        if (!departed.ContainsKey(worker.Id))
            workers[worker.Id] = worker with { SeenAt = time.GetUtcNow() };
    }

    /// <summary>
    /// Returns the time since the last report of a worker. For a worker that has not reported yet, it is the time since the queue
    /// started.
    /// </summary>
    public TimeSpan SilenceOf(string? id) =>
        time.GetUtcNow() - (id is not null && workers.TryGetValue(id, out var worker) ? worker.SeenAt : since);

    /// <summary>Marks a worker as idle if it still has the given job.</summary>
    public void Idle(string? id, string jobId)
    {
        if (id is not null && workers.TryGetValue(id, out var worker) && worker.Job == jobId)
            workers[id] = worker with { State = "idle", Job = null };
    }

    /// <summary>Returns whether the worker is listed.</summary>
    public bool Knows(string id) => workers.ContainsKey(id);

    /// <summary>Keeps the latest order to a worker.</summary>
    public void Tell(string id, WorkerOrder order) => orders[id] = order;

    /// <summary>Adds the orders of an earlier activation of the queue. A newer order to the same worker stays.</summary>
    public void Adopt(IReadOnlyDictionary<string, WorkerOrder> earlier)
    {
        foreach (var (id, order) in earlier)
            orders.TryAdd(id, order);
    }

    /// <summary>Returns the latest order to a worker; null when there is none.</summary>
    public WorkerOrder? OrderTo(string id) => orders.TryGetValue(id, out var order) ? order : null;

    /// <summary>Returns whether a worker may get jobs: no operator has paused or retired it.</summary>
    public bool MayTakeJobs(string id) => OrderTo(id) is null or WorkerOrder.Work;

    /// <summary>Returns the workers that have an order but were silent for longer than <see cref="Memory"/>.</summary>
    public string[] EndedWithOrders() => [.. orders.Keys.Where(id => SilenceOf(id) > Memory)];

    /// <summary>Removes the orders to workers that have ended.</summary>
    public void ForgetOrders(IEnumerable<string> ids)
    {
        foreach (string id in ids)
            orders.Remove(id);
    }

    /// <summary>Marks a worker as departed: it gets no more jobs.</summary>
    public void Depart(string id) => departed[id] = time.GetUtcNow();

    /// <summary>Marks a worker as gone: it gets no more jobs, cannot finish its job and is not listed any more.</summary>
    public void Gone(string id)
    {
        Depart(id);
        gone.Add(id);
        workers.Remove(id);
    }

    /// <summary>Returns whether the process of the worker has ended, so that its running job cannot finish.</summary>
    public bool IsGone(string? id) => id is not null && gone.Contains(id);

    public bool HasDeparted(string id) => departed.ContainsKey(id);

    /// <summary>Removes workers that were silent for longer than <see cref="Memory"/> or departed longer ago than that.</summary>
    public void Forget()
    {
        var before = time.GetUtcNow() - Memory;
        foreach (var (id, _) in workers.Where(worker => worker.Value.SeenAt < before).ToArray())
            workers.Remove(id);
        foreach (var (id, _) in departed.Where(departed => departed.Value < before).ToArray())
        {
            departed.Remove(id);
            gone.Remove(id);
        }
    }
}
