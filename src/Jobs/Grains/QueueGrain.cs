using Locutor.Jobs.Hosting;
using Locutor.Jobs.Queue;
using Locutor.Jobs.Records;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Locutor.Jobs.Grains;

/// <inheritdoc cref="IQueueGrain"/>
[Reentrant]
public sealed partial class QueueGrain(
    JobsOptions options, JobsMetrics metrics, TimeProvider time, SiloEnding ending, ISiloStatusOracle nodes, ILogger<QueueGrain> logger) : Grain, IQueueGrain
{
    private static readonly TimeSpan WebhookPatience = TimeSpan.FromMinutes(1);

    private readonly QueuedJobs _jobs = new(time, options.Lease);
    private readonly WorkerRoster _workers = new(time);
    private readonly Reservations _reservations = new(time);
    private readonly HashSet<string> _unsure = new(StringComparer.Ordinal);
    private readonly HashSet<string> _startingOn = new(StringComparer.Ordinal);
    private readonly Queue<double> _durations = new();
    private QueueComparison _comparison = null!;
    private TaskCompletionSource _work = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _rebuilding = Task.CompletedTask;
    private DateTimeOffset _compared;
    private string? _store;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _comparison = new QueueComparison(GrainFactory, _jobs, logger);
        _rebuilding = RebuildAsync();
        this.RegisterGrainTimer(static (self, _) => self.SweepAsync(), this, new GrainTimerCreationOptions
        {
            DueTime = options.Sweep,
            Period = options.Sweep,
            Interleave = true,
            KeepAlive = true,
        });
        return Task.CompletedTask;
    }

    public Task<QueueStatistics> StatisticsAsync() => Task.FromResult(Statistics());

    public async Task<QueueAdmission> ReserveAsync(string owner, string jobId, int maxQueuedOfOwner)
    {
        await _rebuilding;
        if (_jobs.Waiting.Count + _jobs.Fetching.Count + _reservations.Count >= options.MaxQueued)
            return QueueAdmission.Full;
        if (_jobs.NotStartedOf(owner) + _reservations.CountOf(owner) >= maxQueuedOfOwner)
            return QueueAdmission.OwnerFull;
        _reservations.Add(jobId, owner);
        return QueueAdmission.Admitted;
    }

    public Task GiveUpAsync(string jobId)
    {
        _reservations.Remove(jobId);
        return Task.CompletedTask;
    }

    public Task AddAsync(JobRecord record)
    {
        _reservations.Remove(record.Id);
        // If the queue knows the job already, the job may have started after this record was written.
        if (!_jobs.Knows(record.Id))
            Place(record);
        return Task.CompletedTask;
    }

    public Task ChangedAsync(JobRecord record)
    {
        if (record is { Status: JobStatus.Succeeded, StartedAt: { } from, FinishedAt: { } to } && _jobs.Running(record.Id) is not null)
        {
            _durations.Enqueue((to - from).TotalSeconds);
            if (_durations.Count > 101)
                _durations.Dequeue();
        }
        // Calls may arrive out of order. Any remaining error is corrected when the lease runs out.
        if (_jobs.Running(record.Id) is not { } known || known.Version <= record.Version)
            Place(record);
        return Task.CompletedTask;
    }

    public async Task<JobRecord?> LeaseAsync(WorkerReport worker, TimeSpan wait)
    {
        _workers.Seen(worker);
        await _rebuilding;
        if (_store is not null && worker.Store != _store)
            return null; // The worker uses another store and would not find the inputs. The worker itself reports this.
        var from = time.GetTimestamp();
        while (!_workers.HasDeparted(worker.Id))
        {
            // An earlier call of this worker may still be starting a job. This call then returns that job.
            var starting = _startingOn.Contains(worker.Id);
            if (!starting && await UndeliveredAsync(worker) is { } undelivered)
                return undelivered;
            if (!starting && !_startingOn.Contains(worker.Id) && _jobs.Waiting.TryTake(out var next))
            {
                if (await StartAsync(next, worker) is { } leased)
                    return leased;
            }
            else if (!await WorkAsync(wait - time.GetElapsedTime(from)))
            {
                return null;
            }
        }
        return null;
    }

    public Task LeaveAsync(string workerId)
    {
        _workers.Depart(workerId);
        Signal();
        return Task.CompletedTask;
    }

    public Task HeartbeatAsync(WorkerReport worker)
    {
        _workers.Seen(worker);
        return Task.CompletedTask;
    }

    public Task ModelLoadedAsync(ModelLoad load)
    {
        metrics.Loaded(load);
        return Task.CompletedTask;
    }

    public async Task WorkersGoneAsync(string idPrefix, string exceptPrefix)
    {
        bool IsGone(string? id) => id is not null && id.StartsWith(idPrefix, StringComparison.Ordinal)
            && (exceptPrefix.Length == 0 || !id.StartsWith(exceptPrefix, StringComparison.Ordinal));
        await _rebuilding;
        foreach (var id in _workers.All.Select(worker => worker.Id).Concat(_jobs.AllRunning().Select(job => job.Worker)).Where(IsGone).ToArray())
            _workers.Gone(id!);
        Signal();
        await TakeFromGoneAsync();
    }

    public async Task<JobRecord?> NextToFetchAsync(TimeSpan wait) =>
        await NextDueAsync(_jobs.Fetching, options.Lease, wait, static job => job.Status is JobStatus.Queued && !job.Request.InputsStored);

    public Task FetchingAsync(string jobId)
    {
        _jobs.Fetching.Postpone(jobId, time.GetUtcNow() + options.Lease);
        return Task.CompletedTask;
    }

    public async Task<JobRecord?> NextWebhookAsync(TimeSpan wait) =>
        await NextDueAsync(_jobs.Webhooks, WebhookPatience, wait, static job => job.Webhook is { Settled: false });

    public Task<int> PositionAsync(string jobId) => Task.FromResult(_jobs.Waiting.PositionOf(jobId));

    public Task<WorkerReport[]> WorkersAsync() => Task.FromResult(_workers.All.OrderBy(worker => worker.StartedAt).ToArray());

    private QueueStatistics Statistics() => new()
    {
        Ready = _rebuilding.IsCompletedSuccessfully,
        Queued = _jobs.Waiting.Count,
        Fetching = _jobs.Fetching.Count,
        Running = _jobs.RunningCount + _startingOn.Count,
        Webhooks = _jobs.Webhooks.Count,
        Workers = _workers.Count,
        WorkersByState = _workers.All.GroupBy(worker => worker.State).ToDictionary(state => state.Key, state => state.Count()),
        TypicalSeconds = _durations.Count == 0 ? 0 : _durations.Order().ElementAt(_durations.Count / 2),
    };

    private void Place(JobRecord job)
    {
        _unsure.Remove(job.Id);
        if (job.Status is not JobStatus.Running && _jobs.Running(job.Id) is { } ran)
            _workers.Idle(ran.Worker, job.Id);
        _jobs.Place(job);
        Signal();
    }

    private void Signal()
    {
        var waiting = _work;
        _work = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
    }

    private async Task<bool> WorkAsync(TimeSpan wait)
    {
        if (wait <= TimeSpan.Zero)
            return false;
        var work = _work.Task;
        try
        {
            await work.WaitAsync(wait, time, ending.Token);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }
}
