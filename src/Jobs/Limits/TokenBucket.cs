namespace Locutor.Jobs.Limits;

/// <summary>The answer of a rate limit to one request.</summary>
/// <param name="Allowed">Whether the request may pass. Only such a request is counted.</param>
/// <param name="Limit">Requests that are allowed per minute.</param>
/// <param name="Remaining">Requests that may pass now without waiting.</param>
/// <param name="RetryAfter">Seconds until the next request may pass; 0 when one may pass now.</param>
/// <param name="Reset">Seconds until <paramref name="Limit"/> requests may pass again.</param>
[GenerateSerializer, Immutable]
public sealed record LimitReply(
    [property: Id(0)] bool Allowed, [property: Id(1)] int Limit, [property: Id(2)] int Remaining, [property: Id(3)] double RetryAfter,
    [property: Id(4)] double Reset);

/// <summary>A token bucket that holds the requests of one minute and refills continuously. It is not thread-safe.</summary>
public sealed class TokenBucket(TimeProvider time)
{
    private double? filled;
    private long at;

    /// <summary>Whether the bucket is full. A full bucket can be dropped without any effect.</summary>
    public bool IsFull(int perMinute) => filled is null || Filled(perMinute) >= perMinute;

    /// <summary>Returns the answer that <see cref="Take"/> would give, without counting a request.</summary>
    public LimitReply Look(int perMinute) => Reply(perMinute, Filled(perMinute), taken: false);

    /// <summary>Takes one request out of the bucket if it is not empty.</summary>
    /// <param name="perMinute">The size of the bucket and the requests that refill it per minute; at least 1.</param>
    public LimitReply Take(int perMinute) => Reply(perMinute, Filled(perMinute), taken: true);

    private LimitReply Reply(int perMinute, double filled, bool taken)
    {
        bool allowed = filled >= 1;
        if (allowed && taken)
            filled--;
        if (taken)
            (this.filled, at) = (filled, time.GetTimestamp());
        double perSecond = perMinute / 60.0;
        return new LimitReply(allowed, perMinute, (int)filled, Math.Max(0, (1 - filled) / perSecond), (perMinute - filled) / perSecond);
    }

    private double Filled(int perMinute) =>
        this.filled is { } filled ? Math.Min(perMinute, filled + (time.GetElapsedTime(at).TotalSeconds * perMinute / 60)) : perMinute;
}
