namespace Locutor.Jobs.Queue;

/// <summary>
/// Places in the queue that are reserved for jobs while they are being accepted. If a place is neither used nor given up, because an answer
/// was lost, it becomes free after <see cref="Patience"/>.
/// </summary>
public sealed class Reservations(TimeProvider time)
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (string Owner, DateTimeOffset Until)> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _ofOwner = new(StringComparer.Ordinal);

    public int Count => _places.Count;

    public int CountOf(string owner) => _ofOwner.GetValueOrDefault(owner);

    public void Add(string jobId, string owner)
    {
        Remove(jobId);
        _places[jobId] = (owner, time.GetUtcNow() + Patience);
        _ofOwner[owner] = CountOf(owner) + 1;
    }

    public void Remove(string jobId)
    {
        if (!_places.Remove(jobId, out var place))
            return;
        if (CountOf(place.Owner) is var count && count > 1)
            _ofOwner[place.Owner] = count - 1;
        else
            _ofOwner.Remove(place.Owner);
    }

    /// <summary>Frees the places that were reserved longer than <see cref="Patience"/> ago.</summary>
    public void RemoveExpired()
    {
        var now = time.GetUtcNow();
        foreach (var (jobId, _) in _places.Where(place => place.Value.Until <= now).ToArray())
            Remove(jobId);
    }
}
