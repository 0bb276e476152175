namespace Locutor.Jobs;

/// <summary>Limits and time spans of the job service.</summary>
public sealed record JobsOptions
{
    /// <summary>The time for which a worker may be silent before its job is given to another worker.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The interval at which the queue checks leases, due webhooks and waiting jobs.</summary>
    public TimeSpan Sweep { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The number of lost workers after which a job fails with <c>worker_lost</c>.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>The number of different workers that refuse a job, because of their own fault, after which it fails.</summary>
    public int MaxRefusingWorkers { get; init; } = 3;

    /// <summary>The number of refusals by any workers after which a job fails.</summary>
    public int MaxRefusals { get; init; } = 10;

    /// <summary>The number of jobs of all tokens that may wait. Further submissions are refused.</summary>
    public int MaxQueued { get; init; } = 20_000;

    /// <summary>The number of jobs of one token that may wait, unless the token has its own limit.</summary>
    public int MaxQueuedPerToken { get; init; } = 1_000;

    /// <summary>The time for which results and inputs are kept after a job ends.</summary>
    public TimeSpan KeepResults { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// The time for which the record of a job is kept after it expired. In this time its id is answered with "gone" instead of "unknown".
    /// </summary>
    public TimeSpan KeepRecords { get; init; } = TimeSpan.FromDays(30);
}
