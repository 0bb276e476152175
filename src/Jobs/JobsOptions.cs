namespace Locutor.Jobs;

/// <summary>Bounds and time spans of the job service.</summary>
public sealed record JobsOptions
{
    /// <summary>How long a worker may stay silent before its job is given to another one.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often leases, due webhooks and waiting jobs are looked through.</summary>
    public TimeSpan Sweep { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Workers that may vanish under one job before it fails with <c>worker_lost</c>.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Different workers, and refusals in all, after which a job that workers cannot run for reasons of their own fails.</summary>
    public int MaxRefusingWorkers { get; init; } = 3;

    public int MaxRefusals { get; init; } = 10;

    /// <summary>Jobs that may wait in all; further ones are refused.</summary>
    public int MaxQueued { get; init; } = 20_000;

    /// <summary>Jobs one token may have waiting, unless the token says otherwise.</summary>
    public int MaxQueuedPerToken { get; init; } = 1_000;

    /// <summary>How long results and inputs are kept after a job ends.</summary>
    public TimeSpan KeepResults { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long the bare record of an expired job is kept, so that its id is answered with "gone" and not "unknown".</summary>
    public TimeSpan KeepRecords { get; init; } = TimeSpan.FromDays(30);
}
