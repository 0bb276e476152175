using Locutor.Jobs.Records;
using Orleans.Concurrency;

namespace Locutor.Jobs.Grains;

/// <summary>What a worker says of itself.</summary>
[GenerateSerializer, Immutable]
public sealed record WorkerReport
{
    /// <summary>Unique per process start.</summary>
    [Id(0)] public string Id { get; init; } = "";
    [Id(1)] public string Host { get; init; } = "";
    [Id(2)] public int Process { get; init; }
    [Id(3)] public string Device { get; init; } = "";
    [Id(4)] public string Model { get; init; } = "";
    [Id(5)] public string Version { get; init; } = "";

    /// <summary>starting, idle, working, draining or set_aside.</summary>
    [Id(6)] public string State { get; init; } = "";
    [Id(7)] public string? Job { get; init; }
    [Id(8)] public DateTimeOffset StartedAt { get; init; }
    [Id(9)] public DateTimeOffset SeenAt { get; init; }
    [Id(10)] public int Finished { get; init; }
    [Id(11)] public int Failed { get; init; }

    /// <summary>Why the worker could not run its latest jobs, or why it was set aside; null when its latest job went well.</summary>
    [Id(12)] public string? Reason { get; init; }

    /// <summary>The identity of the store that the worker uses; see <see cref="IStoreGrain"/>.</summary>
    [Id(13)] public string? Store { get; init; }
}

/// <summary>Counts for health and metrics.</summary>
[GenerateSerializer, Immutable]
public sealed record QueueStatistics
{
    [Id(0)] public bool Ready { get; init; }
    [Id(1)] public int Queued { get; init; }
    [Id(2)] public int Fetching { get; init; }
    [Id(3)] public int Running { get; init; }
    [Id(4)] public int Webhooks { get; init; }
    [Id(5)] public int Workers { get; init; }

    /// <summary>Median seconds of the last finished jobs, 0 when none finished yet.</summary>
    [Id(6)] public double TypicalSeconds { get; init; }

    /// <summary>Number of workers in each state of <see cref="WorkerReport.State"/>.</summary>
    [Id(7)] public Dictionary<string, int>? WorkersByState { get; init; }
}

/// <summary>A model was loaded on a worker.</summary>
[GenerateSerializer, Immutable]
public sealed record ModelLoad([property: Id(0)] string Model, [property: Id(1)] string Device, [property: Id(2)] double Seconds);

/// <summary>
/// The order in which jobs run. It holds nothing that is not also in the jobs and indices, and rebuilds itself from them when it starts.
/// There is one, with the key <see cref="Key"/>.
/// </summary>
public interface IQueueGrain : IGrainWithStringKey
{
    const string Key = "queue";

    /// <summary>Starts the rebuilding; called when the service starts and now and then, so that the sweeps always run.</summary>
    Task<QueueStatistics> StatisticsAsync();

    /// <summary>Whether one more job of <paramref name="owner"/> may wait; if so its place is kept for a minute, until it is added or given up.</summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task<QueueAdmission> ReserveAsync(string owner, string jobId, int maxQueuedOfOwner);

    /// <summary>Gives up a reserved place.</summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task GiveUpAsync(string jobId);

    /// <summary>Takes up a job as its record says: to fetch, to run, running, or with a webhook to send; uses up a reserved place.</summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task AddAsync(JobRecord record);

    /// <summary>A job has changed: it moves to where it belongs now.</summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task ChangedAsync(JobRecord record);

    /// <summary>
    /// The next job for a worker, or null after <paramref name="wait"/>. A worker asks only while it runs none: when an answer was lost, the
    /// next call gives it the same job again.
    /// </summary>
    [AlwaysInterleave] Task<JobRecord?> LeaseAsync(WorkerReport worker, TimeSpan wait);

    /// <summary>A worker wants no more jobs: its call to <see cref="LeaseAsync"/> ends, with null or with a job that was on its way.</summary>
    [AlwaysInterleave] Task LeaveAsync(string workerId);

    /// <summary>A worker is alive.</summary>
    Task HeartbeatAsync(WorkerReport worker);

    /// <summary>A worker has loaded a model.</summary>
    Task ModelLoadedAsync(ModelLoad load);

    /// <summary>The workers whose ids begin so are gone for certain: their jobs need not wait for the leases to run out.</summary>
    Task WorkersGoneAsync(string idPrefix, string exceptPrefix);

    /// <summary>The next job whose inputs are to be fetched, or null after <paramref name="wait"/>. It is given out again when nobody calls <see cref="FetchingAsync"/> for a lease.</summary>
    [AlwaysInterleave, ResponseTimeout(Patience.Waits)] Task<JobRecord?> NextToFetchAsync(TimeSpan wait);

    /// <summary>The inputs of a job are still being fetched.</summary>
    Task FetchingAsync(string jobId);

    /// <summary>The next job whose webhook is due, or null after <paramref name="wait"/>.</summary>
    [AlwaysInterleave, ResponseTimeout(Patience.Waits)] Task<JobRecord?> NextWebhookAsync(TimeSpan wait);

    /// <summary>1 for the job that is next; 0 when it does not wait.</summary>
    Task<int> PositionAsync(string jobId);

    /// <summary>Workers seen in the last minutes.</summary>
    Task<WorkerReport[]> WorkersAsync();
}

/// <summary>Whether a job may wait.</summary>
public enum QueueAdmission
{
    Admitted,

    /// <summary>The token has as many waiting jobs as it may have.</summary>
    OwnerFull,

    /// <summary>The queue is full for everybody.</summary>
    Full,
}
