using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Service.Availability;
using Locutor.Service.Files;

namespace Locutor.Service.Workers;

/// <summary>Leases jobs one after another and runs them. There is one loop per process and device.</summary>
public sealed partial class WorkerLoop
{
    // Short, so that a worker notices within seconds that the queue has moved to another node. The queue repeats a lost answer.
    private static readonly TimeSpan LeaseWait = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan LeasePatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortPause = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);

    private readonly IGrainFactory _grains;
    private readonly IVideoRunner _runner;
    private readonly JobRun _run;
    private readonly WorkerHealth _health = new();
    private readonly StoreIdentity _identity;
    private readonly WorkerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<WorkerLoop> _logger;
    private WorkerReport _report;

    public WorkerLoop(
        IGrainFactory grains, IVideoRunner runner, DataFolder folder, IFileStore store, WorkerOptions options, TimeProvider time, ILogger<WorkerLoop> logger)
    {
        (_grains, _runner, _options, _time, _logger) = (grains, runner, options, time, logger);
        _identity = new StoreIdentity(store, folder);
        _run = new JobRun(grains, runner, folder, store, options, time, logger);
        _report = new WorkerReport
        {
            Id = options.Id,
            Host = Environment.MachineName,
            Process = Environment.ProcessId,
            Device = options.Device,
            Model = options.Model ?? "",
            Version = typeof(WorkerLoop).Assembly.GetName().Version?.ToString(3) ?? "",
            State = "starting",
            StartedAt = time.GetUtcNow(),
        };
    }

    private IQueueGrain Queue => _grains.GetGrain<IQueueGrain>(IQueueGrain.Key);

    /// <summary>
    /// Runs until <paramref name="drain"/> is canceled. Then no new job starts, and the current job is finished or handed back.
    /// </summary>
    /// <param name="drain">Requests a graceful stop.</param>
    /// <param name="abort">Stops the current job at once.</param>
    public async Task RunAsync(CancellationToken drain, CancellationToken abort)
    {
        using var beating = CancellationTokenSource.CreateLinkedTokenSource(abort);
        var beat = BeatAsync(beating.Token);
        try
        {
            _runner.Notice = LogNotice;
            _runner.Loaded = (model, seconds) => Queue.ModelLoadedAsync(new ModelLoad(model, _options.Device, seconds)).Ignore();
            await UntilWellAsync("store", () => AgreeAsync(drain), drain);
            await UntilWellAsync("model", () => _runner.LoadAsync(drain), drain);
            while (!drain.IsCancellationRequested)
                await TurnAsync(drain, abort);
        }
        catch (Exception) when (drain.IsCancellationRequested)
        {
            // The worker was asked to stop while it was loading, or the service ended before this worker could sign off.
        }
        finally
        {
            await beating.CancelAsync();
            await beat;
        }
    }

    /// <summary>Checks that this worker uses the file store of the service.</summary>
    private async Task AgreeAsync(CancellationToken drain)
    {
        var expected = await ExpectedStoreAsync(drain);
        var found = await _identity.ReadAsync(drain);
        if (expected is not null && expected != found)
            throw new IOException(_identity.Mismatch(expected, found) + "; give this worker the same --data folder, or the same bucket");
        _report = _report with { Store = found };
    }

    private async Task<string?> ExpectedStoreAsync(CancellationToken drain)
    {
        while (true)
        {
            try
            {
                return await Outage.RetryAsync(_grains.GetGrain<IStoreGrain>(IStoreGrain.Key).IdAsync, drain);
            }
            catch (Exception exception) when (Outage.Is(exception) && !drain.IsCancellationRequested)
            {
                LogNoLease(exception.Message);
                // The call fails at once while no node can be reached.
                await Task.Delay(ShortPause, _time, drain);
            }
        }
    }

    /// <summary>
    /// Runs a step that must succeed before the first job, and repeats it while it fails. Until it succeeds, the worker is set aside with
    /// the reason.
    /// </summary>
    private async Task UntilWellAsync(string part, Func<Task> act, CancellationToken drain)
    {
        while (true)
        {
            try
            {
                await WorkerFaultException.WatchAsync(part, act);
                _health.Recovered();
                return;
            }
            catch (WorkerFaultException fault)
            {
                LogFault(fault, "any job");
                do
                    _health.Failed(fault.Message);
                while (!_health.IsSetAside);
                await PauseAsync(drain);
            }
        }
    }

    private async Task TurnAsync(CancellationToken drain, CancellationToken abort)
    {
        JobRecord? job;
        try
        {
            _report = _report with { State = "idle", Job = null, Model = _runner.Model, Reason = _health.Reason };
            job = await LeaseAsync(drain, abort);
        }
        catch (Exception exception) when (!drain.IsCancellationRequested)
        {
            LogNoLease(exception.Message);
            await Task.Delay(ShortPause, _time, drain);
            return;
        }
        if (job is null)
        {
            // The queue answers at once to a worker that it thought gone, so wait before the next call.
            await Task.Delay(ShortPause, _time, drain);
            return;
        }
        _report = _report with { State = "working", Job = job.Id };
        await using var draining = drain.Register(() => _report = _report with { State = "draining" });
        switch (await _run.RunAsync(job, drain, abort))
        {
            case { Fault: { } fault }:
                LogFault(fault, job.Id);
                _health.Failed(fault.Message);
                _report = _report with { Failed = _report.Failed + 1 };
                await PauseAsync(drain);
                break;
            case { Succeeded: true }:
                _health.Recovered();
                _report = _report with { Finished = _report.Finished + 1 };
                break;
            case { Failed: true }:
                _report = _report with { Failed = _report.Failed + 1 };
                break;
        }
    }

    private async Task PauseAsync(CancellationToken drain)
    {
        _report = _report with { State = _health.IsSetAside ? "set_aside" : "idle", Job = null, Reason = _health.Reason };
        if (_health.IsSetAside)
            LogSetAside(_health.Reason ?? "", _health.Pause.TotalSeconds);
        await Task.Delay(_health.Pause, _time, drain);
    }

    /// <summary>
    /// Returns the next job or null. If the worker is asked to stop during the call, it still waits for the answer, since no other worker
    /// would get that job.
    /// </summary>
    private async Task<JobRecord?> LeaseAsync(CancellationToken drain, CancellationToken abort)
    {
        var lease = Queue.LeaseAsync(_report, LeaseWait);
        await ((Task)lease).WaitAsync(LeasePatience, _time, drain).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!lease.IsCompleted && drain.IsCancellationRequested)
        {
            await Queue.LeaveAsync(_options.Id).WaitAsync(LeavePatience, _time, abort);
            return await lease.WaitAsync(LeavePatience, _time, abort);
        }
        return lease.IsCompleted ? await lease : throw new TimeoutException("no answer to a request for a job");
    }

    private async Task BeatAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await Queue.HeartbeatAsync(_report).WaitAsync(Heartbeat, _time, cancellation);
            }
            catch (Exception exception) when (!cancellation.IsCancellationRequested)
            {
                LogNoLease(exception.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(Heartbeat, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Warning, "the service does not answer: {Reason}")]
    private partial void LogNoLease(string reason);

    [LoggerMessage(LogLevel.Error, "this worker cannot run {Job}")]
    private partial void LogFault(Exception fault, string job);

    [LoggerMessage(LogLevel.Error, "this worker is set aside and tries again in {Seconds:F0} s: {Reason}")]
    private partial void LogSetAside(string reason, double seconds);

    [LoggerMessage(LogLevel.Warning, "{Notice}")]
    private partial void LogNotice(string notice);
}
