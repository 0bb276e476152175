namespace Locutor.Service.Workers;

/// <summary>
/// The health of a worker. After three consecutive faults of its own the worker is set aside: it tries single jobs with growing pauses, and
/// returns to normal service when one succeeds.
/// </summary>
internal sealed class WorkerHealth
{
    private const int Limit = 3;
    private static readonly TimeSpan ShortPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private int faults;

    public string? Reason { get; private set; }

    public bool IsSetAside => faults >= Limit;

    /// <summary>The time for which this worker leaves the jobs to other workers.</summary>
    public TimeSpan Pause => faults switch
    {
        0 => TimeSpan.Zero,
        < Limit => ShortPause * faults,
        _ => TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, LongPause.Ticks << Math.Min(faults - Limit, 8))),
    };

    public void Failed(string reason)
    {
        faults++;
        Reason = reason;
    }

    public void Recovered()
    {
        faults = 0;
        Reason = null;
    }
}
