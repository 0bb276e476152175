namespace Locutor.Jobs.Tests;

/// <summary>
/// The time of day, which a test can move ahead. Leases and deadlines run out when a test says so, however slow the machine is. Timers and
/// waits are real.
/// </summary>
internal sealed class TestTime : TimeProvider
{
    private long ahead;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref ahead));

    public void Advance(TimeSpan time) => Interlocked.Add(ref ahead, time.Ticks);
}
