using Locutor.Jobs.Grains;

namespace Locutor.Jobs.Queue;

/// <summary>The workers that the queue has seen lately, and those that said goodbye or were declared gone and get no more jobs.</summary>
public sealed class WorkerRoster(TimeProvider time)
{
    /// <summary>How long a silent worker is listed, and how long a departed one is refused: longer than any of its calls can be on its way.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, WorkerReport> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _departed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    private readonly DateTimeOffset _since = time.GetUtcNow();

    public int Count => _workers.Count;

    /// <summary>Departed workers that are remembered.</summary>
    public int DepartedCount => _departed.Count;

    public IEnumerable<WorkerReport> All => _workers.Values;

    public void Seen(WorkerReport worker)
    {
        if (!_departed.ContainsKey(worker.Id))
            _workers[worker.Id] = worker with { SeenAt = time.GetUtcNow() };
    }

    /// <summary>How long nothing was heard of a worker. The queue counts from its own start for a worker that it has not seen yet.</summary>
    public TimeSpan SilenceOf(string? id) =>
        time.GetUtcNow() - (id is not null && _workers.TryGetValue(id, out var worker) ? worker.SeenAt : _since);

    /// <summary>Notes that a worker has no job any more.</summary>
    public void Idle(string? id, string jobId)
    {
        if (id is not null && _workers.TryGetValue(id, out var worker) && worker.Job == jobId)
            _workers[id] = worker with { State = "idle", Job = null };
    }

    /// <summary>The worker gets no more jobs.</summary>
    public void Depart(string id) => _departed[id] = time.GetUtcNow();

    /// <summary>The worker gets no more jobs and is not listed any more.</summary>
    public void Gone(string id)
    {
        Depart(id);
        _gone.Add(id);
        _workers.Remove(id);
    }

    /// <summary>Whether the worker has ended: it does not even finish what it has begun.</summary>
    public bool IsGone(string? id) => id is not null && _gone.Contains(id);

    public bool HasDeparted(string id) => _departed.ContainsKey(id);

    /// <summary>Forgets workers that were silent, or departed, longer than <see cref="Memory"/> ago.</summary>
    public void Forget()
    {
        var before = time.GetUtcNow() - Memory;
        foreach (var (id, _) in _workers.Where(worker => worker.Value.SeenAt < before).ToArray())
            _workers.Remove(id);
        foreach (var (id, _) in _departed.Where(departed => departed.Value < before).ToArray())
        {
            _departed.Remove(id);
            _gone.Remove(id);
        }
    }
}
