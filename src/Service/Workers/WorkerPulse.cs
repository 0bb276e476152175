namespace Locutor.Service.Workers;

/// <summary>
/// The sign of life of a worker: a line that it prints every few seconds. A process that is stopped, or whose driver holds every thread,
/// prints none and is ended. The time counts from the first line on, since loading the program may take long.
/// </summary>
internal sealed class WorkerPulse : IDisposable
{
    /// <summary>What the worker prints; no person sees it.</summary>
    public const string Line = "#alive";

    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(3);
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ITimer _timer;

    public WorkerPulse(TimeProvider time, Action silent) =>
        _timer = time.CreateTimer(_ => silent(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Whether the line was a sign of life and no message.</summary>
    public bool Takes(string? line)
    {
        if (line != Line)
            return false;
        _timer.Change(Patience, Timeout.InfiniteTimeSpan);
        return true;
    }

    /// <summary>Prints signs of life until the worker ends.</summary>
    public static async Task PrintAsync(CancellationToken over)
    {
        using var timer = new PeriodicTimer(Beat);
        do
            Console.WriteLine(Line);
        while (await timer.WaitForNextTickAsync(over));
    }

    public void Dispose() => _timer.Dispose();
}
