namespace Locutor.Jobs.Limits;

/// <summary>
/// One rate limit of one token for the whole cluster. The key of the grain names the limit and the token. The bucket is in memory only,
/// so it starts full after its node was lost.
/// </summary>
public interface ILimitGrain : IGrainWithStringKey
{
    /// <inheritdoc cref="TokenBucket.Take"/>
    Task<LimitReply> TakeAsync(int perMinute);
}

/// <inheritdoc cref="ILimitGrain"/>
public sealed class LimitGrain(TimeProvider time) : Grain, ILimitGrain
{
    private readonly TokenBucket bucket = new(time);

    public Task<LimitReply> TakeAsync(int perMinute) => Task.FromResult(bucket.Take(perMinute));
}
