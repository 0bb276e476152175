using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Service.Workers;

/// <summary>
/// An attempt of a worker at a job. It reports progress at most once a second, renews the lease, and signals at once when the job was
/// canceled or given to another worker.
/// </summary>
internal sealed class Attempt : IProgress<JobProgress>, IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(5);

    private readonly IJobGrain job;
    private readonly int number;
    private readonly TimeSpan reportPatience;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopped = new();
    private readonly CancellationTokenSource over = new();
    private readonly Task watching;
    private readonly Task reporting;
    private readonly StageClock stages;
    private JobProgress? latest;
    private double liveSeconds;
    private long moved;

    public Attempt(IJobGrain job, int number, TimeSpan reportPatience, TimeProvider time)
    {
        (this.job, this.number, this.reportPatience, this.time, moved) = (job, number, reportPatience, time, time.GetTimestamp());
        stages = new StageClock(time);
        watching = WatchAsync();
        reporting = ReportAsync();
    }

    /// <summary>A token that is canceled when the worker must stop the attempt.</summary>
    public CancellationToken Stopped => stopped.Token;

    /// <summary>The reason why the attempt must stop.</summary>
    public LeaseReply Reply { get; private set; }

    /// <summary>The time since the last change of the progress. Repeated reports without a change do not count.</summary>
    public TimeSpan Stall => time.GetElapsedTime(Volatile.Read(ref moved));

    /// <summary>The seconds that the attempt has spent in each stage.</summary>
    public Dictionary<JobStage, double> StageSeconds => stages.Read();

    /// <summary>The latest reported progress; null when there is none.</summary>
    public JobProgress? Latest => Volatile.Read(ref latest);

    /// <summary>The duration of the video that can be watched already. It is sent with the next report.</summary>
    public double LiveSeconds
    {
        get => Volatile.Read(ref liveSeconds);
        set => Volatile.Write(ref liveSeconds, value);
    }

    public void Report(JobProgress value)
    {
        stages.Enter(value.Stage);
        // Estimates change by themselves, so they are no progress.
        bool moves = Latest is not { } before
            || value with { EtaSeconds = before.EtaSeconds, Percent = before.Percent, Preview = before.Preview } != before;
        if (moves)
            Volatile.Write(ref moved, time.GetTimestamp());
        Volatile.Write(ref latest, value);
    }

    /// <summary>Reports the outcome and retries while the service cannot be reached.</summary>
    /// <returns>
    /// Whether the job is over. False if another attempt is current or will be: the attempt was fenced, or the service could not be reached
    /// for a long time.
    /// </returns>
    public async Task<bool> EndAsync(Func<Task<bool>> tell)
    {
        for (long from = time.GetTimestamp(); ;)
        {
            try
            {
                // A lost node does not answer; the next call finds the job on another node. A repeated call changes nothing, and its answer
                // cannot tell whether an earlier call ended the job.
                return await tell().WaitAsync(CallPatience, time)
                    || await job.GetAsync().WaitAsync(CallPatience, time) is not { Status: JobStatus.Queued or JobStatus.Running };
            }
            catch (Exception) when (!stopped.IsCancellationRequested)
            {
                if (time.GetElapsedTime(from) > reportPatience)
                    return false;
                await Task.Delay(Pace, time);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await Task.WhenAll(watching, reporting);
        stopped.Dispose();
        over.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                await HeedAsync(
                    await job.WaitForStopAsync(number, StopWait).WaitAsync(StopWait + CallPatience, time, over.Token));
            }
            catch (Exception)
            {
                await PauseAsync();
            }
        }
    }

    private async Task ReportAsync()
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                var progress = Latest is { } known ? known with { LiveSeconds = LiveSeconds } : null;
                await HeedAsync(await job.ReportAsync(number, progress).WaitAsync(CallPatience, time, over.Token));
            }
            catch (Exception)
            {
                // The service may be restarting. The lease is still valid for some time, and the next report renews it.
            }
            await PauseAsync();
        }
    }

    private async Task HeedAsync(LeaseReply reply)
    {
        if (reply is LeaseReply.Continue || over.IsCancellationRequested)
            return;
        Reply = reply;
        await stopped.CancelAsync();
        await over.CancelAsync();
    }

    private Task PauseAsync() => Task.Delay(Pace, time, over.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
}
