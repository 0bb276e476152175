namespace Locutor.Jobs.Tests;

/// <summary>
/// A clock that a test advances, so that leases and deadlines do not depend on the speed of the machine. Timers use real time.
/// </summary>
internal sealed class TestTime : TimeProvider
{
    private long ahead;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref ahead));

    public void Advance(TimeSpan time) => Interlocked.Add(ref ahead, time.Ticks);
}
