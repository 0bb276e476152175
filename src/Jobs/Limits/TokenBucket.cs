namespace Locutor.Jobs.Limits;

/// <summary>The answer of a limit.</summary>
/// <param name="Allowed">Whether the request may pass; it was counted then.</param>
/// <param name="Limit">Requests that a minute holds.</param>
/// <param name="Remaining">Requests that may pass now without a wait.</param>
/// <param name="RetryAfter">Seconds until the next request may pass; 0 when one may pass now.</param>
/// <param name="Reset">Seconds until <paramref name="Limit"/> requests may pass again.</param>
[GenerateSerializer, Immutable]
public sealed record LimitReply(
    [property: Id(0)] bool Allowed, [property: Id(1)] int Limit, [property: Id(2)] int Remaining, [property: Id(3)] double RetryAfter, [property: Id(4)] double Reset);

/// <summary>A token bucket that holds the requests of one minute and is refilled without steps. Not thread-safe.</summary>
public sealed class TokenBucket(TimeProvider time)
{
    private double? _filled;
    private long _at;

    /// <summary>Whether the bucket is full, so that forgetting it changes nothing.</summary>
    public bool IsFull(int perMinute) => _filled is null || Filled(perMinute) >= perMinute;

    /// <summary>The answer that <see cref="Take"/> would give; nothing is taken.</summary>
    public LimitReply Look(int perMinute) => Reply(perMinute, Filled(perMinute), taken: false);

    /// <summary>Takes one request out of the bucket, if there is one.</summary>
    /// <param name="perMinute">Size of the bucket and requests that flow into it in a minute; at least 1.</param>
    public LimitReply Take(int perMinute) => Reply(perMinute, Filled(perMinute), taken: true);

    private LimitReply Reply(int perMinute, double filled, bool taken)
    {
        var allowed = filled >= 1;
        if (allowed && taken)
            filled--;
        if (taken)
            (_filled, _at) = (filled, time.GetTimestamp());
        var perSecond = perMinute / 60.0;
        return new LimitReply(allowed, perMinute, (int)filled, Math.Max(0, (1 - filled) / perSecond), (perMinute - filled) / perSecond);
    }

    private double Filled(int perMinute) =>
        _filled is { } filled ? Math.Min(perMinute, filled + (time.GetElapsedTime(_at).TotalSeconds * perMinute / 60)) : perMinute;
}
