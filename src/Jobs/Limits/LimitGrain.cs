namespace Locutor.Jobs.Limits;

/// <summary>
/// A limit of one token over all machines: the one bucket of it in the cluster. The key names what is counted and the token. The bucket lives
/// in memory alone: after the loss of its machine it starts full.
/// </summary>
public interface ILimitGrain : IGrainWithStringKey
{
    /// <inheritdoc cref="TokenBucket.Take"/>
    Task<LimitReply> TakeAsync(int perMinute);
}

/// <inheritdoc cref="ILimitGrain"/>
public sealed class LimitGrain(TimeProvider time) : Grain, ILimitGrain
{
    private readonly TokenBucket _bucket = new(time);

    public Task<LimitReply> TakeAsync(int perMinute) => Task.FromResult(_bucket.Take(perMinute));
}
