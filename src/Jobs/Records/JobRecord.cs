namespace Locutor.Jobs.Records;

/// <summary>The full state of a job. The grain of the job stores it, and readers get it.</summary>
[GenerateSerializer, Immutable]
public sealed record JobRecord
{
    [Id(0)] public string Id { get; init; } = "";

    /// <summary>The key id of the token that owns the job. For callers with another token the job does not exist.</summary>
    [Id(1)] public string Owner { get; init; } = "";

    /// <summary>The time of acceptance in microseconds since 1970, unique per owner. It defines the order of jobs.</summary>
    [Id(2)] public long Order { get; init; }

    /// <summary>A number that grows with every change, also across restarts. Server-sent events use it as their id.</summary>
    [Id(3)] public long Version { get; init; }

    [Id(4)] public JobRequest Request { get; init; } = new();
    [Id(5)] public JobStatus Status { get; init; }

    /// <summary>The number of the latest attempt, from 1. Reports of a worker with an older number are refused.</summary>
    [Id(6)] public int Attempt { get; init; }

    /// <summary>The number of attempts that ended because their worker was lost.</summary>
    [Id(7)] public int LostWorkers { get; init; }

    [Id(8)] public string? Worker { get; init; }
    [Id(9)] public DateTimeOffset? LeaseUntil { get; init; }
    [Id(10)] public JobProgress? Progress { get; init; }
    [Id(11)] public JobError? Error { get; init; }
    [Id(12)] public JobResult? Result { get; init; }
    [Id(13)] public DateTimeOffset CreatedAt { get; init; }
    [Id(14)] public DateTimeOffset? StartedAt { get; init; }
    [Id(15)] public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The time at which the result and the inputs are removed; set when the job ends.</summary>
    [Id(16)] public DateTimeOffset? ExpiresAt { get; init; }

    [Id(17)] public WebhookState? Webhook { get; init; }

    /// <summary>
    /// The ids of workers that could not run the job because of their own fault; see <see cref="Grains.IJobGrain.RefuseAsync"/>.
    /// </summary>
    [Id(18)] public string[] RefusedBy { get; init; } = [];

    /// <summary>The number of jobs of the owner that may run at a time; 0 for any number.</summary>
    [Id(19)] public int MaxRunning { get; init; }

    /// <summary>The time at which the latest attempt started.</summary>
    [Id(20)] public DateTimeOffset? AttemptStartedAt { get; init; }

    /// <summary>The number of devices that run the latest attempt.</summary>
    [Id(21)] public int Gpus { get; init; }

    /// <summary>The time that devices spent on all attempts that have ended, in seconds. Each device of a worker counts.</summary>
    [Id(22)] public double GpuSeconds { get; init; }

    /// <summary>Whether the job still has to run or its webhook still has to be sent.</summary>
    public bool IsOpen => !Status.IsTerminal() || Webhook is { Settled: false };
}
