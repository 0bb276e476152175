namespace Locutor.Jobs.Hosting;

/// <summary>
/// A clock that never goes back. If the system's clock is set back, this one runs at half speed until both agree again. Orleans cannot
/// activate a grain at a time before its last collection of grains, so without it a service would refuse every job until the system's
/// clock has reached the old time again.
/// </summary>
public sealed class ForwardTime(TimeProvider system) : TimeProvider
{
    private readonly Lock gate = new();
    private long timestamp = system.GetTimestamp();
    private DateTimeOffset last = system.GetUtcNow();

    public override long TimestampFrequency => system.TimestampFrequency;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            long from = timestamp;
            timestamp = system.GetTimestamp();
            var earliest = last + system.GetElapsedTime(from, timestamp) / 2;
            var now = system.GetUtcNow();
            return last = now > earliest ? now : earliest;
        }
    }

    public override long GetTimestamp() => system.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        system.CreateTimer(callback, state, dueTime, period);
}
