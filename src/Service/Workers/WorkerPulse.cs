namespace Locutor.Service.Workers;

/// <summary>
/// The heartbeat between a worker and its parent: the worker prints a line every few seconds. The parent kills a worker that prints none,
/// because it is stopped or all its threads hang in a driver. The time counts from the first line, since the program may take long to load.
/// </summary>
internal sealed class WorkerPulse : IDisposable
{
    /// <summary>The line that the worker prints. The parent does not show it.</summary>
    public const string Line = "#alive";

    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(3);
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ITimer timer;

    public WorkerPulse(TimeProvider time, Action silent) =>
        timer = time.CreateTimer(_ => silent(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Returns whether a line was a heartbeat and not a message.</summary>
    public bool Takes(string? line)
    {
        if (line != Line)
            return false;
        timer.Change(Patience, Timeout.InfiniteTimeSpan);
        return true;
    }

    /// <summary>Prints heartbeats until the worker ends.</summary>
    public static async Task PrintAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Beat);
        do
            Console.WriteLine(Line);
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    public void Dispose() => timer.Dispose();
}
