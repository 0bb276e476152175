namespace Locutor.Jobs.Records;

/// <summary>Everything that is known about a job; what its grain stores and what readers get.</summary>
[GenerateSerializer, Immutable]
public sealed record JobRecord
{
    [Id(0)] public string Id { get; init; } = "";

    /// <summary>Key id of the token the job belongs to; a job of another token does not exist for a caller.</summary>
    [Id(1)] public string Owner { get; init; } = "";

    /// <summary>Place in the order of acceptance (microseconds since 1970, unique per owner).</summary>
    [Id(2)] public long Order { get; init; }

    /// <summary>Grows with every change, across restarts too; the identifier of a server-sent event.</summary>
    [Id(3)] public long Version { get; init; }

    [Id(4)] public JobRequest Request { get; init; } = new();
    [Id(5)] public JobStatus Status { get; init; }

    /// <summary>Number of the latest attempt, from 1; a worker that holds an older number is refused.</summary>
    [Id(6)] public int Attempt { get; init; }

    /// <summary>Attempts that ended because their worker vanished.</summary>
    [Id(7)] public int LostWorkers { get; init; }

    [Id(8)] public string? Worker { get; init; }
    [Id(9)] public DateTimeOffset? LeaseUntil { get; init; }
    [Id(10)] public JobProgress? Progress { get; init; }
    [Id(11)] public JobError? Error { get; init; }
    [Id(12)] public JobResult? Result { get; init; }
    [Id(13)] public DateTimeOffset CreatedAt { get; init; }
    [Id(14)] public DateTimeOffset? StartedAt { get; init; }
    [Id(15)] public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When the result and the inputs are removed; set when the job ends.</summary>
    [Id(16)] public DateTimeOffset? ExpiresAt { get; init; }

    [Id(17)] public WebhookState? Webhook { get; init; }

    /// <summary>Workers that could not run the job for a reason of their own; see <see cref="Grains.IJobGrain.RefuseAsync"/>.</summary>
    [Id(18)] public string[] RefusedBy { get; init; } = [];

    /// <summary>Whether something is still to be done: to run, or to tell a webhook.</summary>
    public bool IsOpen => !Status.IsTerminal() || Webhook is { Settled: false };
}
