using Locutor.Jobs.Limits;

namespace Locutor.Service.Access;

/// <summary>
/// The token buckets of this process by key. When there are many, full buckets are dropped, so that memory stays bounded.
/// </summary>
internal sealed class BucketTable(TimeProvider time)
{
    private const int Most = 10_000;
    private readonly Dictionary<string, TokenBucket> _buckets = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Returns whether a request may pass, without counting one.</summary>
    public LimitReply Look(string key, int perMinute)
    {
        lock (_lock)
            return (_buckets.GetValueOrDefault(key) ?? new TokenBucket(time)).Look(perMinute);
    }

    public LimitReply Take(string key, int perMinute)
    {
        lock (_lock)
        {
            if (!_buckets.TryGetValue(key, out var bucket))
            {
                if (_buckets.Count >= Most)
                    Forget(perMinute);
                _buckets[key] = bucket = new TokenBucket(time);
            }
            return bucket.Take(perMinute);
        }
    }

    private void Forget(int perMinute)
    {
        foreach (var key in _buckets.Where(pair => pair.Value.IsFull(perMinute)).Select(pair => pair.Key).ToArray())
            _buckets.Remove(key);
        if (_buckets.Count >= Most)
            _buckets.Clear();
    }
}
