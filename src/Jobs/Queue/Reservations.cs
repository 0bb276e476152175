namespace Locutor.Jobs.Queue;

/// <summary>
/// Places in the queue that are reserved for jobs while they are being accepted. If a place is neither used nor given up, because an answer
/// was lost, it becomes free after <see cref="Patience"/>.
/// </summary>
public sealed class Reservations(TimeProvider time)
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (string Owner, DateTimeOffset Until)> places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> ofOwner = new(StringComparer.Ordinal);

    public int Count => places.Count;

    public int CountOf(string owner) => ofOwner.GetValueOrDefault(owner);

    public void Add(string jobId, string owner)
    {
        Remove(jobId);
        places[jobId] = (owner, time.GetUtcNow() + Patience);
        ofOwner[owner] = CountOf(owner) + 1;
    }

    public void Remove(string jobId)
    {
        if (!places.Remove(jobId, out var place))
            return;
        if (CountOf(place.Owner) is var count && count > 1)
            ofOwner[place.Owner] = count - 1;
        else
            ofOwner.Remove(place.Owner);
    }

    /// <summary>Frees the places that were reserved longer than <see cref="Patience"/> ago.</summary>
    public void RemoveExpired()
    {
        var now = time.GetUtcNow();
        foreach (var (jobId, _) in places.Where(place => place.Value.Until <= now).ToArray())
            Remove(jobId);
    }
}
