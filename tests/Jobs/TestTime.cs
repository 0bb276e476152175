namespace Locutor.Jobs.Tests;

/// <summary>
/// A clock that a test can advance, so that leases and deadlines expire when the test wants it, however slow the machine is. Timers are
/// real.
/// </summary>
internal sealed class TestTime : TimeProvider
{
    private long ahead;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref ahead));

    public void Advance(TimeSpan time) => Interlocked.Add(ref ahead, time.Ticks);
}
