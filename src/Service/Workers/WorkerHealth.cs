namespace Locutor.Service.Workers;

/// <summary>
/// Whether this worker can be trusted with jobs. After several jobs in a row that it could not run for reasons of its own it is set aside:
/// it tries one job now and then, with growing pauses, and is back in service when one succeeds.
/// </summary>
internal sealed class WorkerHealth
{
    private const int Limit = 3;
    private static readonly TimeSpan ShortPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private int _faults;

    public string? Reason { get; private set; }

    public bool IsSetAside => _faults >= Limit;

    /// <summary>How long to leave the jobs to other workers.</summary>
    public TimeSpan Pause => _faults switch
    {
        0 => TimeSpan.Zero,
        < Limit => ShortPause * _faults,
        _ => TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, LongPause.Ticks << Math.Min(_faults - Limit, 8))),
    };

    public void Failed(string reason)
    {
        _faults++;
        Reason = reason;
    }

    public void Recovered()
    {
        _faults = 0;
        Reason = null;
    }
}
