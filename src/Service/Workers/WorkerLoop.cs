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

    private readonly IGrainFactory grains;
    private readonly IVideoRunner runner;
    private readonly JobRun run;
    private readonly WorkerHealth health = new();
    private readonly StoreIdentity identity;
    private readonly WorkerOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<WorkerLoop> logger;
    private WorkerReport report;
    private WorkerOrder obeyed = WorkerOrder.Work;

    public WorkerLoop(
        IGrainFactory grains, IVideoRunner runner, DataFolder folder, IFileStore store, WorkerOptions options, TimeProvider time,
        ILogger<WorkerLoop> logger)
    {
        (this.grains, this.runner, this.options, this.time, this.logger) = (grains, runner, options, time, logger);
        identity = new StoreIdentity(store, folder);
        run = new JobRun(grains, runner, folder, store, options, time, logger);
        report = new WorkerReport
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

    private IQueueGrain Queue => grains.GetGrain<IQueueGrain>(IQueueGrain.Key);

    /// <summary>
    /// Runs until <paramref name="drain"/> is canceled. Then no new job starts, and the current job is finished or handed back.
    /// </summary>
    /// <param name="drain">Requests a graceful stop.</param>
    /// <param name="abort">Stops the current job at once.</param>
    /// <returns>Whether an operator retired the worker, so that it must not be started again.</returns>
    public async Task<bool> RunAsync(CancellationToken drain, CancellationToken abort)
    {
        using var beating = CancellationTokenSource.CreateLinkedTokenSource(abort);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(drain);
        bool isRetired = false;
        var beat = BeatAsync(
            () =>
            {
                isRetired = true;
                ending.Cancel();
            },
            beating.Token);
        await WorkAsync(beating, beat, ending.Token, abort);
        return isRetired;
    }

    private async Task WorkAsync(CancellationTokenSource beating, Task beat, CancellationToken drain, CancellationToken abort)
    {
        try
        {
            runner.Notice = LogNotice;
            runner.Loaded = (model, seconds) => Queue.ModelLoadedAsync(new ModelLoad(model, options.Device, seconds)).Ignore();
            await UntilWellAsync("store", () => AgreeAsync(drain), drain);
            await UntilWellAsync("model", () => runner.LoadAsync(drain), drain);
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
        string? expected = await ExpectedStoreAsync(drain);
        string? found = await identity.ReadAsync(drain);
        if (expected is not null && expected != found)
            throw new IOException(identity.Mismatch(expected, found) + "; give this worker the same --data folder, or the same bucket");
        report = report with { Store = found };
    }

    private async Task<string?> ExpectedStoreAsync(CancellationToken drain)
    {
        while (true)
        {
            try
            {
                return await Outage.RetryAsync(grains.GetGrain<IStoreGrain>(IStoreGrain.Key).IdAsync, drain);
            }
            catch (Exception exception) when (Outage.Is(exception) && !drain.IsCancellationRequested)
            {
                LogNoLease(exception.Message);
                // The call fails at once while no node can be reached.
                await Task.Delay(ShortPause, time, drain);
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
                health.Recovered();
                return;
            }
            catch (WorkerFaultException fault)
            {
                LogFault(fault, "any job");
                do
                    health.Failed(fault.Message);
                while (!health.IsSetAside);
                await PauseAsync(drain);
            }
        }
    }

    private async Task TurnAsync(CancellationToken drain, CancellationToken abort)
    {
        JobRecord? job;
        long from = time.GetTimestamp();
        if (obeyed is WorkerOrder.Pause)
        {
            report = report with { State = "paused", Job = null };
            await Task.Delay(ShortPause, time, drain);
            return;
        }
        try
        {
            report = report with
            {
                State = "idle",
                Job = null,
                Model = runner.Model,
                Offer = runner.Offer,
                Reason = health.Reason,
            };
            job = await LeaseAsync(drain, abort);
        }
        catch (Exception exception) when (!drain.IsCancellationRequested)
        {
            LogNoLease(exception.Message);
            await Task.Delay(ShortPause, time, drain);
            return;
        }
        if (job is null)
        {
            // The queue answers at once if it assumes that this worker has ended, so wait before the next call.
            if (time.GetElapsedTime(from) < ShortPause) await Task.Delay(ShortPause, time, drain);
            return;
        }
        report = report with { State = "working", Job = job.Id };
        await using var draining = drain.Register(() => report = report with { State = "draining" });
        await RunAsync(job, drain, abort);
    }

    private async Task RunAsync(JobRecord job, CancellationToken drain, CancellationToken abort)
    {
        switch (await run.RunAsync(job, drain, abort))
        {
            case { Fault: { } fault }:
                LogFault(fault, job.Id);
                health.Failed(fault.Message);
                report = report with { Failed = report.Failed + 1 };
                await PauseAsync(drain);
                break;
            case { Succeeded: true }:
                health.Recovered();
                report = report with { Finished = report.Finished + 1 };
                break;
            case { Failed: true }:
                report = report with { Failed = report.Failed + 1 };
                break;
        }
    }

    private async Task PauseAsync(CancellationToken drain)
    {
        report = report with { State = health.IsSetAside ? "set_aside" : "idle", Job = null, Reason = health.Reason };
        if (health.IsSetAside)
            LogSetAside(health.Reason ?? "", health.Pause.TotalSeconds);
        await Task.Delay(health.Pause, time, drain);
    }

    /// <summary>
    /// Returns the next job or null. If the worker is asked to stop during the call, it still waits for the answer, since no other worker
    /// would get that job.
    /// </summary>
    private async Task<JobRecord?> LeaseAsync(CancellationToken drain, CancellationToken abort)
    {
        var lease = Queue.LeaseAsync(report, LeaseWait);
        await ((Task)lease).WaitAsync(LeasePatience, time, drain).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!lease.IsCompleted && drain.IsCancellationRequested)
        {
            await Queue.LeaveAsync(options.Id).WaitAsync(LeavePatience, time, abort);
            return await lease.WaitAsync(LeavePatience, time, abort);
        }
        return lease.IsCompleted ? await lease : throw new TimeoutException("no answer to a request for a job");
    }

    /// <summary>Reports regularly that the worker is alive, and obeys the orders of operators.</summary>
    private async Task BeatAsync(Action retire, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await Queue.HeartbeatAsync(report).WaitAsync(Heartbeat, time, cancellationToken);
                if (await Queue.OrderAsync(options.Id).WaitAsync(Heartbeat, time, cancellationToken) is { } order && order != obeyed)
                {
                    LogOrder(order);
                    obeyed = order;
                    if (order is WorkerOrder.Retire)
                        retire();
                }
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                LogNoLease(exception.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(Heartbeat, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Warning, "the service does not answer: {Reason}")]
    private partial void LogNoLease(string reason);

    [LoggerMessage(LogLevel.Information, "an operator ordered: {Order}")]
    private partial void LogOrder(WorkerOrder order);

    [LoggerMessage(LogLevel.Error, "this worker cannot run {Job}")]
    private partial void LogFault(Exception fault, string job);

    [LoggerMessage(LogLevel.Error, "this worker is set aside and tries again in {Seconds:F0} s: {Reason}")]
    private partial void LogSetAside(string reason, double seconds);

    [LoggerMessage(LogLevel.Warning, "{Notice}")]
    private partial void LogNotice(string notice);
}
