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
    private static readonly TimeSpan EndPatience = TimeSpan.FromMinutes(10);

    private readonly IJobGrain _job;
    private readonly int _number;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopped = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _watching;
    private readonly Task _reporting;
    private readonly StageClock _stages;
    private JobProgress? _latest;
    private long _moved;

    public Attempt(IJobGrain job, int number, TimeProvider time)
    {
        (_job, _number, _time, _moved) = (job, number, time, time.GetTimestamp());
        _stages = new StageClock(time);
        _watching = WatchAsync();
        _reporting = ReportAsync();
    }

    /// <summary>A token that is canceled when the worker must stop the attempt.</summary>
    public CancellationToken Stopped => _stopped.Token;

    /// <summary>The reason why the attempt must stop.</summary>
    public LeaseReply Reply { get; private set; }

    /// <summary>The time since the last change of the progress. Repeated reports without a change do not count.</summary>
    public TimeSpan Stall => _time.GetElapsedTime(Volatile.Read(ref _moved));

    /// <summary>The seconds that the attempt has spent in each stage.</summary>
    public Dictionary<JobStage, double> StageSeconds => _stages.Read();

    /// <summary>The latest reported progress; null when there is none.</summary>
    public JobProgress? Latest => Volatile.Read(ref _latest);

    public void Report(JobProgress value)
    {
        _stages.Enter(value.Stage);
        if (Latest is not { } before || value with { EtaSeconds = before.EtaSeconds } != before)
            Volatile.Write(ref _moved, _time.GetTimestamp());
        Volatile.Write(ref _latest, value);
    }

    /// <summary>
    /// Reports the outcome and retries while the service cannot be reached. An attempt that is no longer current reports nothing.
    /// </summary>
    public async Task EndAsync(Func<Task<bool>> tell)
    {
        var from = _time.GetTimestamp();
        while (true)
        {
            try
            {
                // A lost node does not answer; the next call finds the job on another node. A repeated call changes nothing.
                await tell().WaitAsync(CallPatience, _time);
                return;
            }
            catch (Exception) when (_time.GetElapsedTime(from) < EndPatience && !_stopped.IsCancellationRequested)
            {
                await Task.Delay(Pace, _time);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_watching, _reporting);
        _stopped.Dispose();
        _over.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                await HeedAsync(await _job.WaitForStopAsync(_number, StopWait).WaitAsync(StopWait + CallPatience, _time, _over.Token));
            }
            catch (Exception)
            {
                await PauseAsync();
            }
        }
    }

    private async Task ReportAsync()
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                await HeedAsync(await _job.ReportAsync(_number, Volatile.Read(ref _latest)).WaitAsync(CallPatience, _time, _over.Token));
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
        if (reply is LeaseReply.Continue || _over.IsCancellationRequested)
            return;
        Reply = reply;
        await _stopped.CancelAsync();
        await _over.CancelAsync();
    }

    private Task PauseAsync() => Task.Delay(Pace, _time, _over.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
}
