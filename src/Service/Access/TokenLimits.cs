using System.Threading.RateLimiting;
using Locutor.Service.Settings;

namespace Locutor.Service.Access;

/// <summary>How often one token may ask, and how often it may submit.</summary>
public sealed class TokenLimits : IDisposable
{
    private readonly PartitionedRateLimiter<string> _requests;
    private readonly PartitionedRateLimiter<string> _submits;

    public TokenLimits(ServeSettings settings)
    {
        _requests = Limiter(settings.RequestsPerMinute);
        _submits = Limiter(settings.SubmitsPerMinute);
    }

    /// <summary>Seconds to wait before the next request, or null when this one may pass.</summary>
    public int? DelayOfRequest(string keyId) => Delay(_requests, keyId);

    /// <summary>Seconds to wait before the next submission, or null when this one may pass.</summary>
    public int? DelayOfSubmit(string keyId) => Delay(_submits, keyId);

    public void Dispose()
    {
        _requests.Dispose();
        _submits.Dispose();
    }

    private static int? Delay(PartitionedRateLimiter<string> limiter, string keyId)
    {
        using var lease = limiter.AttemptAcquire(keyId);
        if (lease.IsAcquired)
            return null;
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : 1;
    }

    private static PartitionedRateLimiter<string> Limiter(int perMinute) => PartitionedRateLimiter.Create<string, string>(keyId =>
        RateLimitPartition.GetTokenBucketLimiter(keyId, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = Math.Max(1, perMinute),
            TokensPerPeriod = Math.Max(1, perMinute / 60),
            ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, 60.0 / perMinute)),
            QueueLimit = 0,
        }));
}
