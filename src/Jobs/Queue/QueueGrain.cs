using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Usage;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Locutor.Jobs.Queue;

/// <inheritdoc cref="IQueueGrain"/>
[Reentrant]
public sealed partial class QueueGrain(
    JobsOptions options, JobsMetrics metrics, UsageStore usage, TimeProvider time, SiloEnding ending, ISiloStatusOracle nodes,
    ILogger<QueueGrain> logger) : Grain, IQueueGrain
{
    private static readonly TimeSpan WebhookPatience = TimeSpan.FromMinutes(1);

    private readonly QueuedJobs jobs = new(time, options.Lease);
    private readonly WorkerRoster workers = new(time);
    private readonly Reservations reservations = new(time);
    private readonly HashSet<string> unsure = new(StringComparer.Ordinal);
    private readonly HashSet<string> startingOn = new(StringComparer.Ordinal);
    private readonly Queue<double> durations = new();
    private QueueComparison comparison = null!;
    private TaskCompletionSource work = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task rebuilding = Task.CompletedTask;
    private DateTimeOffset compared;
    private string? store;

    private IWorkerOrdersGrain Orders => GrainFactory.GetGrain<IWorkerOrdersGrain>(IWorkerOrdersGrain.Key);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        comparison = new QueueComparison(GrainFactory, jobs, ReadAsync, usage, logger);
        rebuilding = RebuildAsync();
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
        await rebuilding;
        if (jobs.Waiting.Count + jobs.Fetching.Count + reservations.Count >= options.MaxQueued)
            return QueueAdmission.Full;
        if (jobs.NotStartedOf(owner) + reservations.CountOf(owner) >= maxQueuedOfOwner)
            return QueueAdmission.OwnerFull;
        reservations.Add(jobId, owner);
        return QueueAdmission.Admitted;
    }

    public Task GiveUpAsync(string jobId)
    {
        reservations.Remove(jobId);
        return Task.CompletedTask;
    }

    public Task AddAsync(JobRecord record)
    {
        reservations.Remove(record.Id);
        // If the queue knows the job already, the job may have started after this record was written.
        if (!jobs.Knows(record.Id))
            Place(record);
        return Task.CompletedTask;
    }

    public Task ChangedAsync(JobRecord record)
    {
        if (record is { Status: JobStatus.Succeeded, StartedAt: { } from, FinishedAt: { } to } && jobs.Running(record.Id) is not null)
        {
            durations.Enqueue((to - from).TotalSeconds);
            if (durations.Count > 101)
                durations.Dequeue();
        }
        // Calls may arrive out of order. Any remaining error is corrected when the lease runs out.
        if (!(jobs.VersionOf(record.Id) > record.Version))
            Place(record);
        return Task.CompletedTask;
    }

    public async Task<JobRecord?> LeaseAsync(WorkerReport worker, TimeSpan wait)
    {
        workers.Seen(worker);
        await rebuilding;
        if (store is not null && worker.Store != store)
            return null; // The worker uses another store and would not find the inputs. The worker itself reports this.
        long from = time.GetTimestamp();
        while (!workers.HasDeparted(worker.Id))
        {
            // An earlier call of this worker may still be starting a job. This call then returns that job.
            bool starting = startingOn.Contains(worker.Id);
            if (!starting && await UndeliveredAsync(worker) is { } undelivered)
                return undelivered;
            if (!starting && !startingOn.Contains(worker.Id) && workers.MayTakeJobs(worker.Id)
                && jobs.Waiting.TryTake(worker.Offer ?? WorkerOffer.Everything, out var next))
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
        workers.Depart(workerId);
        Signal();
        return Task.CompletedTask;
    }

    public Task HeartbeatAsync(WorkerReport worker)
    {
        // A worker learns a moment later than the queue that its job has ended, for example that it was canceled.
        bool ended = worker is { State: "working", Job: { } job } && rebuilding.IsCompletedSuccessfully
            && jobs.Running(job)?.Worker != worker.Id;
        workers.Seen(ended ? worker with { State = "idle", Job = null } : worker);
        return Task.CompletedTask;
    }

    public async Task<bool> TellAsync(string workerId, WorkerOrder order)
    {
        if (!workers.Knows(workerId))
            return false;
        await Orders.SetAsync(workerId, order);
        workers.Tell(workerId, order);
        return true;
    }

    public Task<WorkerOrder?> OrderAsync(string workerId) => Task.FromResult(workers.OrderTo(workerId));

    public Task ModelLoadedAsync(ModelLoad load)
    {
        metrics.Loaded(load);
        return Task.CompletedTask;
    }

    public async Task WorkersGoneAsync(string idPrefix, string exceptPrefix)
    {
        bool IsGone(string? id) => id is not null && id.StartsWith(idPrefix, StringComparison.Ordinal)
            && (exceptPrefix.Length == 0 || !id.StartsWith(exceptPrefix, StringComparison.Ordinal));
        await rebuilding;
        foreach (string? id in
                workers.All.Select(worker => worker.Id).Concat(jobs.AllRunning().Select(job => job.Worker)).Where(IsGone).ToArray())
        {
            workers.Gone(id!);
        }

        Signal();
        await TakeFromGoneAsync();
    }

    public async Task<JobRecord?> NextToFetchAsync(TimeSpan wait) =>
        await NextDueAsync(jobs.Fetching, options.Lease, wait, static job => job.Status is JobStatus.Queued && !job.Request.InputsStored);

    public Task FetchingAsync(string jobId)
    {
        jobs.Fetching.Postpone(jobId, time.GetUtcNow() + options.Lease);
        return Task.CompletedTask;
    }

    public async Task<JobRecord?> NextWebhookAsync(TimeSpan wait) =>
        await NextDueAsync(jobs.Webhooks, WebhookPatience, wait, static job => job.Webhook is { Settled: false });

    public Task<int> PositionAsync(string jobId) => Task.FromResult(jobs.Waiting.PositionOf(jobId));

    public Task<WorkerReport[]> WorkersAsync() => Task.FromResult(workers.All.OrderBy(worker => worker.StartedAt).ToArray());

    private QueueStatistics Statistics() => new()
    {
        Ready = rebuilding.IsCompletedSuccessfully,
        Queued = jobs.Waiting.Count,
        Fetching = jobs.Fetching.Count,
        Running = jobs.RunningCount + startingOn.Count,
        Webhooks = jobs.Webhooks.Count,
        Workers = workers.Count,
        WorkersByState = workers.All.GroupBy(worker => worker.State).ToDictionary(state => state.Key, state => state.Count()),
        Offers = [.. workers.All.Select(worker => worker.Offer ?? WorkerOffer.Everything).DistinctBy(KeyOf)],
        OldestSeconds = AgeOf(jobs.Waiting.CountFor(WorkerOffer.Everything).Oldest),
        TypicalSeconds = durations.Count == 0 ? 0 : durations.Order().ElementAt(durations.Count / 2),
    };

    public Task<QueueDemand> DemandAsync(WorkerOffer offer)
    {
        var (waiting, oldest) = jobs.Waiting.CountFor(offer);
        int running = jobs.AllRunning().Count(job => offer.Fits(JobNeeds.From(job.Request)));
        return Task.FromResult(new QueueDemand(waiting, running, AgeOf(oldest), workers.All.Count(worker => Offers(worker, offer))));
    }

    /// <summary>Returns whether a worker has all models and the memory of an offer.</summary>
    private static bool Offers(WorkerReport worker, WorkerOffer asked)
    {
        var own = worker.Offer ?? WorkerOffer.Everything;
        return own.HasMemory(asked.MemoryGiB) && (asked.Models is null ? own.Models is null : asked.Models.All(own.HasModel));
    }

    private static string KeyOf(WorkerOffer offer) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{offer.MemoryGiB} {string.Join(' ', offer.Models ?? [])}");

    /// <summary>Returns the age in seconds of a job with this order, which is its time of acceptance in microseconds.</summary>
    private double AgeOf(long order) => order == long.MaxValue
        ? 0
        : Math.Max(0, (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds - order / 1e6);

    private Task<JobRecord?> ReadAsync(string id) => AskAsync(id, static job => job.GetAsync());

    /// <summary>
    /// Asks the grain of a job for its record, moves the job to the list that follows from it and returns the record. Answers may arrive
    /// in another order than they were given. So when the job was moved by a newer record in the meantime, the record is read again.
    /// </summary>
    private async Task<JobRecord?> AskAsync(string id, Func<IJobGrain, Task<JobRecord?>> ask)
    {
        for (; ; ask = static job => job.GetAsync())
        {
            long? before = jobs.VersionOf(id);
            var record = await ask(GrainFactory.GetGrain<IJobGrain>(id));
            if (jobs.VersionOf(id) is var known && known != before && !(known <= record?.Version))
                continue;
            if (record is null)
                jobs.Drop(id);
            else
                Place(record);
            return record;
        }
    }

    private void Place(JobRecord job)
    {
        unsure.Remove(job.Id);
        if (job.Status is not JobStatus.Running && jobs.Running(job.Id) is { } ran)
            workers.Idle(ran.Worker, job.Id);
        jobs.Place(job);
        Signal();
    }

    private void Signal()
    {
        var waiting = work;
        work = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
    }

    private async Task<bool> WorkAsync(TimeSpan wait)
    {
        if (wait <= TimeSpan.Zero)
            return false;
        var work = this.work.Task;
        // An idle worker waits here all the time: an exception at the end of each wait would cost more than all the rest.
        await work.WaitAsync(wait, time, ending.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return work.IsCompleted;
    }
}
