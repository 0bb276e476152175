using Locutor.Jobs.Limits;

namespace Locutor.Service.Access;

/// <summary>
/// The token buckets of this process by key. Full buckets are dropped when there are many, so that memory is bounded.
/// </summary>
internal sealed class BucketTable(TimeProvider time)
{
    private const int Most = 10_000;
    private readonly Dictionary<string, TokenBucket> buckets = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    /// <summary>Returns whether a request may pass, without counting one.</summary>
    public LimitReply Look(string key, int perMinute)
    {
        lock (gate)
            return (buckets.GetValueOrDefault(key) ?? new TokenBucket(time)).Look(perMinute);
    }

    public LimitReply Take(string key, int perMinute)
    {
        lock (gate)
        {
            if (!buckets.TryGetValue(key, out var bucket))
            {
                if (buckets.Count >= Most)
                    Forget(perMinute);
                buckets[key] = bucket = new TokenBucket(time);
            }
            return bucket.Take(perMinute);
        }
    }

    private void Forget(int perMinute)
    {
        foreach (string? key in buckets.Where(pair => pair.Value.IsFull(perMinute)).Select(pair => pair.Key).ToArray())
            buckets.Remove(key);
        if (buckets.Count >= Most)
            buckets.Clear();
    }
}
