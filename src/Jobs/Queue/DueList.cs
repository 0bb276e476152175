namespace Locutor.Jobs.Queue;

/// <summary>Work that is handed out at a given time and comes back when nobody reports on it: inputs to fetch, webhooks to send.</summary>
public sealed class DueList
{
    // Asked: the time that the caller named. Due: the same, or later while somebody has the work.
    private readonly Dictionary<string, (DateTimeOffset Asked, DateTimeOffset Due)> _due = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> _order = new();

    public int Count => _due.Count;

    public IEnumerable<string> Ids => _due.Keys;

    public bool Contains(string id) => _due.ContainsKey(id);

    /// <summary>Adds work, or moves it to another time. Work that is already here for this time stays with whoever has taken it.</summary>
    public void Add(string id, DateTimeOffset due)
    {
        if (!_due.TryGetValue(id, out var known) || known.Asked != due)
            Set(id, due, due);
    }

    /// <summary>Whoever has taken the work still does it: it is due again at <paramref name="due"/>.</summary>
    public void Postpone(string id, DateTimeOffset due)
    {
        if (_due.TryGetValue(id, out var known))
            Set(id, known.Asked, due);
    }

    public bool Remove(string id) => _due.Remove(id);

    /// <summary>Takes what is due and keeps it until it is removed or <paramref name="patience"/> has passed, when it is due again.</summary>
    public bool TryTake(DateTimeOffset now, TimeSpan patience, out string id)
    {
        while (_order.TryPeek(out id!, out var due) && due <= now)
        {
            _order.Dequeue();
            if (!_due.TryGetValue(id, out var current) || current.Due != due)
                continue;
            Postpone(id, now + patience);
            return true;
        }
        id = "";
        return false;
    }

    private void Set(string id, DateTimeOffset asked, DateTimeOffset due)
    {
        _due[id] = (asked, due);
        _order.Enqueue(id, due);
    }
}
