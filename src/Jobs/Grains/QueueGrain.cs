using Locutor.Jobs.Hosting;
using Locutor.Jobs.Queue;
using Locutor.Jobs.Records;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Locutor.Jobs.Grains;

/// <inheritdoc cref="IQueueGrain"/>
[Reentrant]
public sealed partial class QueueGrain(JobsOptions options, JobsMetrics metrics, TimeProvider time, SiloEnding ending, ILogger<QueueGrain> logger) : Grain, IQueueGrain
{
    private static readonly TimeSpan FetchPatience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan WebhookPatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WorkerMemory = TimeSpan.FromMinutes(2);

    private readonly FairQueue _waiting = new();
    private readonly DueList _fetching = new();
    private readonly DueList _webhooks = new();
    private readonly Dictionary<string, JobRecord> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _fetchOwners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _reserved = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WorkerReport> _workers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    private readonly HashSet<string> _leaving = new(StringComparer.Ordinal);
    private readonly Queue<double> _durations = new();
    private TaskCompletionSource _work = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _rebuilding = Task.CompletedTask;
    private int _starting;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
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

    private QueueStatistics Statistics() => new()
    {
        Ready = _rebuilding.IsCompletedSuccessfully,
        Queued = _waiting.Count,
        Fetching = _fetching.Count,
        Running = _running.Count + _starting,
        Webhooks = _webhooks.Count,
        Workers = _workers.Count,
        TypicalSeconds = _durations.Count == 0 ? 0 : _durations.Order().ElementAt(_durations.Count / 2),
    };

    public async Task<QueueAdmission> ReserveAsync(string owner, int maxQueuedOfOwner)
    {
        await _rebuilding;
        var reserved = _reserved.GetValueOrDefault(owner);
        if (_waiting.Count + _fetching.Count + _reserved.Values.Sum() >= options.MaxQueued)
            return QueueAdmission.Full;
        if (_waiting.CountOf(owner) + _fetchOwners.Values.Count(other => other == owner) + reserved >= maxQueuedOfOwner)
            return QueueAdmission.OwnerFull;
        _reserved[owner] = reserved + 1;
        return QueueAdmission.Admitted;
    }

    public Task GiveUpAsync(string owner)
    {
        if (_reserved.GetValueOrDefault(owner) is var count && count > 1)
            _reserved[owner] = count - 1;
        else
            _reserved.Remove(owner);
        return Task.CompletedTask;
    }

    public Task AddAsync(JobRecord record, bool reserved)
    {
        if (reserved)
            GiveUpAsync(record.Owner);
        Place(record);
        return Task.CompletedTask;
    }

    public Task ChangedAsync(JobRecord record)
    {
        if (record is { Status: JobStatus.Succeeded, StartedAt: { } from, FinishedAt: { } to } && _running.ContainsKey(record.Id))
        {
            _durations.Enqueue((to - from).TotalSeconds);
            if (_durations.Count > 101)
                _durations.Dequeue();
        }
        Place(record);
        return Task.CompletedTask;
    }

    public async Task<JobRecord?> LeaseAsync(WorkerReport worker, TimeSpan wait)
    {
        Seen(worker);
        await _rebuilding;
        var from = time.GetTimestamp();
        while (!_gone.Contains(worker.Id) && !_leaving.Contains(worker.Id))
        {
            if (_waiting.TryTake(out var next))
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
        _leaving.Add(workerId);
        Signal();
        return Task.CompletedTask;
    }

    public Task HeartbeatAsync(WorkerReport worker)
    {
        Seen(worker);
        return Task.CompletedTask;
    }

    public async Task WorkersGoneAsync(string idPrefix, string exceptPrefix)
    {
        bool IsGone(string? id) => id is not null && id.StartsWith(idPrefix, StringComparison.Ordinal)
            && (exceptPrefix.Length == 0 || !id.StartsWith(exceptPrefix, StringComparison.Ordinal));
        await _rebuilding;
        foreach (var id in _workers.Keys.Where(IsGone).ToArray())
        {
            _gone.Add(id);
            _workers.Remove(id);
        }
        Signal();
        foreach (var job in _running.Values.Where(job => IsGone(job.Worker)).ToArray())
            await GrainFactory.GetGrain<IJobGrain>(job.Id).LoseWorkerAsync(job.Attempt);
    }

    public Task<JobRecord?> NextToFetchAsync(TimeSpan wait) => NextDueAsync(_fetching, FetchPatience, wait);

    public Task<JobRecord?> NextWebhookAsync(TimeSpan wait) => NextDueAsync(_webhooks, WebhookPatience, wait);

    public Task<int> PositionAsync(string jobId) => Task.FromResult(_waiting.PositionOf(jobId));

    public Task<WorkerReport[]> WorkersAsync() => Task.FromResult(_workers.Values.OrderBy(worker => worker.StartedAt).ToArray());

    private async Task<JobRecord?> StartAsync(Waiting next, WorkerReport worker)
    {
        JobRecord? job;
        _starting++;
        try
        {
            job = await GrainFactory.GetGrain<IJobGrain>(next.Id).StartAsync(worker.Id);
        }
        catch (Exception exception)
        {
            LogNotStarted(exception, next.Id);
            _waiting.Finished(next.Owner);
            _waiting.Add(next);
            throw;
        }
        finally
        {
            _starting--;
        }
        if (job is null)
        {
            _waiting.Finished(next.Owner);
            return null;
        }
        _running[next.Id] = job;
        Seen(worker with { State = "working", Job = job.Id });
        return job;
    }

    private async Task<JobRecord?> NextDueAsync(DueList list, TimeSpan patience, TimeSpan wait)
    {
        await _rebuilding;
        var from = time.GetTimestamp();
        while (true)
        {
            if (list.TryTake(time.GetUtcNow(), patience, out var id))
            {
                if (await GrainFactory.GetGrain<IJobGrain>(id).GetAsync() is { } job)
                    return job;
                list.Remove(id);
            }
            else if (!await WorkAsync(wait - time.GetElapsedTime(from)))
            {
                return null;
            }
        }
    }

    /// <summary>Moves a job to the list that its record calls for and out of all others.</summary>
    private void Place(JobRecord job)
    {
        if (job.Status is not JobStatus.Running && _running.Remove(job.Id, out var ran))
        {
            _waiting.Finished(ran.Owner);
            if (_workers.TryGetValue(ran.Worker ?? "", out var worker) && worker.Job == job.Id)
                _workers[worker.Id] = worker with { State = "idle", Job = null };
        }
        var fetch = job.Status is JobStatus.Queued && !job.Request.InputsStored;
        if (fetch)
        {
            _fetchOwners[job.Id] = job.Owner;
            _fetching.Add(job.Id, job.CreatedAt);
        }
        else if (_fetchOwners.Remove(job.Id))
        {
            _fetching.Remove(job.Id);
        }
        if (job.Status is JobStatus.Queued && !fetch)
            _waiting.Add(new Waiting(job.Id, job.Owner, job.Order));
        else
            _waiting.Remove(job.Id);
        if (job.Status is JobStatus.Running && _running.TryAdd(job.Id, job))
            _waiting.Started(job.Owner);
        if (job.Status.IsTerminal() && job.Webhook is { Settled: false, NextAt: { } due })
            _webhooks.Add(job.Id, due);
        else
            _webhooks.Remove(job.Id);
        Signal();
    }

    private async Task RebuildAsync()
    {
        await Task.Yield();
        var from = time.GetTimestamp();
        var taken = 0;
        foreach (var owner in await GrainFactory.GetGrain<IOwnersGrain>(IOwnersGrain.Key).ListAsync())
        {
            var index = GrainFactory.GetGrain<ITokenIndexGrain>(owner);
            foreach (var ids in (await index.OpenAsync()).Chunk(128))
            {
                var jobs = await Task.WhenAll(ids.Select(id => GrainFactory.GetGrain<IJobGrain>(id).GetAsync()));
                foreach (var (id, job) in ids.Zip(jobs))
                {
                    if (job is null)
                        await index.RemoveAsync(id);
                    else if (job.IsOpen)
                        Place(job);
                    else
                        await index.ChangedAsync(job);
                    taken++;
                }
            }
        }
        LogRebuilt(taken, _waiting.Count, _running.Count, time.GetElapsedTime(from).TotalMilliseconds);
    }

    private async Task SweepAsync()
    {
        if (_rebuilding.IsFaulted)
        {
            LogRebuildFailed(_rebuilding.Exception);
            _rebuilding = RebuildAsync();
        }
        if (!_rebuilding.IsCompletedSuccessfully)
            return;
        Signal();
        metrics.Observe(Statistics());
        var now = time.GetUtcNow();
        foreach (var (id, worker) in _workers.Where(pair => pair.Value.SeenAt + WorkerMemory < now).ToArray())
            _workers.Remove(id);
        foreach (var job in _running.Values.Where(job => job.LeaseUntil <= now).ToArray())
        {
            var checkedJob = await GrainFactory.GetGrain<IJobGrain>(job.Id).CheckLeaseAsync();
            if (checkedJob is { Status: JobStatus.Running })
                _running[job.Id] = checkedJob;
            else if (checkedJob is null && _running.Remove(job.Id))
                _waiting.Finished(job.Owner);
            else if (checkedJob is not null)
                Place(checkedJob);
        }
    }

    private void Seen(WorkerReport worker)
    {
        if (!_gone.Contains(worker.Id))
            _workers[worker.Id] = worker with { SeenAt = time.GetUtcNow() };
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

    [LoggerMessage(LogLevel.Information, "took up {Taken} open jobs ({Waiting} waiting, {Running} running) in {Milliseconds:F0} ms")]
    private partial void LogRebuilt(int taken, int waiting, int running, double milliseconds);

    [LoggerMessage(LogLevel.Error, "taking up the open jobs failed, trying again")]
    private partial void LogRebuildFailed(Exception? exception);

    [LoggerMessage(LogLevel.Error, "job {Job} could not be started")]
    private partial void LogNotStarted(Exception exception, string job);
}
