namespace Locutor.Jobs.Queue;

/// <summary>
/// Work items that become due at a given time: inputs to fetch and webhooks to send. An item that was taken becomes due again unless it
/// is removed or postponed in time.
/// </summary>
public sealed class DueList
{
    // Asked: the time given to Add. Due: the time at which the item can be taken, later than Asked while somebody works on it.
    private readonly Dictionary<string, (DateTimeOffset Asked, DateTimeOffset Due)> due = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> order = new();

    public int Count => due.Count;

    public IEnumerable<string> Ids => due.Keys;

    public bool Contains(string id) => due.ContainsKey(id);

    /// <summary>
    /// Adds an item, or moves it to another time. If it was already added for this time, nothing changes, even if somebody has taken it.
    /// </summary>
    public void Add(string id, DateTimeOffset due)
    {
        if (!this.due.TryGetValue(id, out var known) || known.Asked != due)
            Set(id, due, due);
    }

    /// <summary>Delays an item that somebody still works on: it becomes due again at <paramref name="due"/>.</summary>
    public void Postpone(string id, DateTimeOffset due)
    {
        if (this.due.TryGetValue(id, out var known))
            Set(id, known.Asked, due);
    }

    public bool Remove(string id) => due.Remove(id);

    /// <summary>
    /// Takes an item that is due at <paramref name="now"/>. Unless it is removed or postponed, it becomes due again after <paramref
    /// name="patience"/>.
    /// </summary>
    public bool TryTake(DateTimeOffset now, TimeSpan patience, out string id)
    {
        while (order.TryPeek(out id!, out var due) && due <= now)
        {
            order.Dequeue();
            if (!this.due.TryGetValue(id, out var current) || current.Due != due)
                continue;
            Postpone(id, now + patience);
            return true;
        }
        id = "";
        return false;
    }

    private void Set(string id, DateTimeOffset asked, DateTimeOffset due)
    {
        this.due[id] = (asked, due);
        order.Enqueue(id, due);
    }
}
