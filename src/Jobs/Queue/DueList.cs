namespace Locutor.Jobs.Queue;

/// <summary>Work that is handed out at a given time and comes back when nobody reports on it: inputs to fetch, webhooks to send.</summary>
public sealed class DueList
{
    private readonly Dictionary<string, DateTimeOffset> _due = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> _order = new();

    public int Count => _due.Count;

    /// <summary>Adds work, or moves it to another time.</summary>
    public void Add(string id, DateTimeOffset due)
    {
        _due[id] = due;
        _order.Enqueue(id, due);
    }

    public bool Remove(string id) => _due.Remove(id);

    /// <summary>Takes what is due and keeps it until it is removed or <paramref name="patience"/> has passed, when it is due again.</summary>
    public bool TryTake(DateTimeOffset now, TimeSpan patience, out string id)
    {
        while (_order.TryPeek(out id!, out var due) && due <= now)
        {
            _order.Dequeue();
            if (!_due.TryGetValue(id, out var current) || current != due)
                continue;
            Add(id, now + patience);
            return true;
        }
        id = "";
        return false;
    }
}
