using Locutor.Jobs.Records;
using Orleans.Concurrency;

namespace Locutor.Jobs.Grains;

/// <summary>The report of a worker about its state.</summary>
[GenerateSerializer, Immutable]
public sealed record WorkerReport
{
    /// <summary>The id of the worker. Every start of a worker process has its own id.</summary>
    [Id(0)] public string Id { get; init; } = "";
    [Id(1)] public string Host { get; init; } = "";
    [Id(2)] public int Process { get; init; }
    [Id(3)] public string Device { get; init; } = "";
    [Id(4)] public string Model { get; init; } = "";
    [Id(5)] public string Version { get; init; } = "";

    /// <summary>One of starting, idle, working, draining, paused and set_aside.</summary>
    [Id(6)] public string State { get; init; } = "";
    [Id(7)] public string? Job { get; init; }
    [Id(8)] public DateTimeOffset StartedAt { get; init; }
    [Id(9)] public DateTimeOffset SeenAt { get; init; }
    [Id(10)] public int Finished { get; init; }
    [Id(11)] public int Failed { get; init; }

    /// <summary>The reason why the worker could not run its latest jobs or was set aside; null when its latest job succeeded.</summary>
    [Id(12)] public string? Reason { get; init; }

    /// <summary>The identity of the store that the worker uses; see <see cref="IStoreGrain"/>.</summary>
    [Id(13)] public string? Store { get; init; }

    /// <summary>The jobs that the worker can run; null for a worker of an older version, which is offered every job.</summary>
    [Id(14)] public WorkerOffer? Offer { get; init; }
}

/// <summary>An order of an operator to a worker.</summary>
public enum WorkerOrder
{
    /// <summary>The worker takes jobs. Every worker starts in this way.</summary>
    Work,

    /// <summary>The worker finishes its job and takes no others.</summary>
    Pause,

    /// <summary>The worker finishes its job or hands it back, and then ends.</summary>
    Retire,
}

/// <summary>Statistics of the queue for health checks and metrics.</summary>
[GenerateSerializer, Immutable]
public sealed record QueueStatistics
{
    [Id(0)] public bool Ready { get; init; }
    [Id(1)] public int Queued { get; init; }
    [Id(2)] public int Fetching { get; init; }
    [Id(3)] public int Running { get; init; }
    [Id(4)] public int Webhooks { get; init; }
    [Id(5)] public int Workers { get; init; }

    /// <summary>The median duration of the last finished jobs in seconds; 0 when none has finished yet.</summary>
    [Id(6)] public double TypicalSeconds { get; init; }

    /// <summary>The number of workers by <see cref="WorkerReport.State"/>.</summary>
    [Id(7)] public Dictionary<string, int>? WorkersByState { get; init; }

    /// <summary>The different offers of the workers.</summary>
    [Id(8)] public WorkerOffer[]? Offers { get; init; }

    /// <summary>The age of the oldest waiting job in seconds; 0 when none waits.</summary>
    [Id(9)] public double OldestSeconds { get; init; }
}

/// <summary>The work that a kind of worker could do, from which a scaler computes how many of them to run.</summary>
/// <param name="Waiting">Jobs that such a worker could start now.</param>
/// <param name="Running">Jobs that run and that such a worker could run.</param>
/// <param name="OldestSeconds">The age of the oldest of the waiting jobs; 0 when none waits.</param>
/// <param name="Workers">Connected workers that offer all that this kind offers.</param>
[GenerateSerializer, Immutable]
public sealed record QueueDemand(
    [property: Id(0)] int Waiting, [property: Id(1)] int Running, [property: Id(2)] double OldestSeconds, [property: Id(3)] int Workers)
{
    /// <summary>The sum of waiting and running jobs, to which a scaler keeps a fixed ratio of workers.</summary>
    public int Jobs => Waiting + Running;
}


/// <summary>Reports that a worker has loaded a model.</summary>
[GenerateSerializer, Immutable]
public sealed record ModelLoad([property: Id(0)] string Model, [property: Id(1)] string Device, [property: Id(2)] double Seconds);

/// <summary>
/// The queue of jobs: it decides the order in which they run. It stores nothing itself and rebuilds itself from the jobs, the indices and
/// <see cref="IWorkerOrdersGrain"/> when it starts. There is one grain, with the key <see cref="Key"/>.
/// </summary>
public interface IQueueGrain : IGrainWithStringKey
{
    const string Key = "queue";

    /// <summary>
    /// Returns the statistics. The service calls this when it starts and regularly, which also activates the queue, so that its sweeps
    /// always run.
    /// </summary>
    Task<QueueStatistics> StatisticsAsync();

    /// <summary>
    /// Checks whether one more job of <paramref name="owner"/> may wait. If so, reserves a place for a minute or until it is used or
    /// given up.
    /// </summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task<QueueAdmission> ReserveAsync(string owner, string jobId, int maxQueuedOfOwner);

    /// <summary>Gives up a reserved place.</summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task GiveUpAsync(string jobId);

    /// <summary>
    /// Adds a job to the list that follows from its record (to fetch, waiting, running, or with a webhook to send) and uses its reserved
    /// place.
    /// </summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task AddAsync(JobRecord record);

    /// <summary>Moves a job that has changed to the list that follows from its record.</summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task ChangedAsync(JobRecord record);

    /// <summary>
    /// Returns the next job for a worker, or null after <paramref name="wait"/>. A worker calls this only while it runs no job. If an
    /// answer was lost, the next call returns that job again.
    /// </summary>
    [AlwaysInterleave] Task<JobRecord?> LeaseAsync(WorkerReport worker, TimeSpan wait);

    /// <summary>
    /// Records that a worker wants no more jobs. Its pending call of <see cref="LeaseAsync"/> returns null, or a job that was being
    /// started.
    /// </summary>
    [AlwaysInterleave] Task LeaveAsync(string workerId);

    /// <summary>Records that a worker is alive.</summary>
    Task HeartbeatAsync(WorkerReport worker);

    /// <summary>Records that a worker has loaded a model.</summary>
    Task ModelLoadedAsync(ModelLoad load);

    /// <summary>
    /// Records that the processes of all workers with this id prefix have ended, so that their jobs are requeued before the leases expire.
    /// </summary>
    Task WorkersGoneAsync(string idPrefix, string exceptPrefix);

    /// <summary>
    /// Returns the next job whose inputs are to be fetched, or null after <paramref name="wait"/>. It is handed out again if <see
    /// cref="FetchingAsync"/> is not called for the length of a lease.
    /// </summary>
    [AlwaysInterleave, ResponseTimeout(Patience.Waits)] Task<JobRecord?> NextToFetchAsync(TimeSpan wait);

    /// <summary>Records that the inputs of a job are still being fetched.</summary>
    Task FetchingAsync(string jobId);

    /// <summary>Returns the next job whose webhook is due, or null after <paramref name="wait"/>.</summary>
    [AlwaysInterleave, ResponseTimeout(Patience.Waits)] Task<JobRecord?> NextWebhookAsync(TimeSpan wait);

    /// <summary>Returns the place of a job in the queue: 1 for the next job, 0 when the job does not wait.</summary>
    Task<int> PositionAsync(string jobId);

    /// <summary>Returns the work for workers with this offer.</summary>
    Task<QueueDemand> DemandAsync(WorkerOffer offer);

    /// <summary>
    /// Gives an order to a worker, which obeys with its next sign of life. The order is stored first, so it survives the node of the queue.
    /// Returns false if no such worker is known.
    /// </summary>
    Task<bool> TellAsync(string workerId, WorkerOrder order);

    /// <summary>Returns the latest order to a worker; null when there is none.</summary>
    Task<WorkerOrder?> OrderAsync(string workerId);

    /// <summary>Returns the workers that reported in the last minutes.</summary>
    Task<WorkerReport[]> WorkersAsync();
}

/// <summary>The answer to a reservation.</summary>
public enum QueueAdmission
{
    Admitted,

    /// <summary>The token has reached its limit of waiting jobs.</summary>
    OwnerFull,

    /// <summary>The queue is full for everybody.</summary>
    Full,
}
