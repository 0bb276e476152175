using Locutor.Jobs.Records;

namespace Locutor.Jobs.Grains;

/// <summary>Computes the next record of a job when an attempt or the job ends.</summary>
public sealed partial class JobGrain
{
    /// <summary>From this number of attempts on, an attempt without any report counts as a lost worker too.</summary>
    private const int MostUnheard = 20;

    public async Task<JobRecord?> EndOverdueAsync()
    {
        if (current is { } job && !job.Status.IsTerminal() && job.Request.NotAfter is { } deadline && deadline <= time.GetUtcNow())
        {
            string message = $"not finished by {deadline.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, the time in not_after";
            await ChangeToAsync(
                Finished(job, JobStatus.Failed) with { Error = new JobError(JobError.DeadlinePassed, message, false) });
        }
        return current;
    }

    /// <summary>Adds the time of an attempt that ends to the usage of the job.</summary>
    private JobRecord Metered(JobRecord next) =>
        current is { Status: JobStatus.Running, AttemptStartedAt: { } from } && next.Status is not JobStatus.Running
            ? next with { GpuSeconds = next.GpuSeconds + (time.GetUtcNow() - from).TotalSeconds * Math.Max(1, next.Gpus) }
            : next;

    private JobRecord Finished(JobRecord job, JobStatus status)
    {
        var now = time.GetUtcNow();
        return job with
        {
            Status = status,
            LeaseUntil = null,
            Progress = null,
            FinishedAt = now,
            ExpiresAt = now + options.KeepResults,
            Webhook = job.Request.Webhook is null ? null : new WebhookState { NextAt = now },
        };
    }

    private static JobRecord Requeued(JobRecord job) =>
        job with { Status = JobStatus.Queued, Worker = null, LeaseUntil = null, Progress = null };

    private JobRecord Refused(JobRecord job, JobError error)
    {
        string[] refused = [.. job.RefusedBy, job.Worker ?? ""];
        bool over = refused.Length >= options.MaxRefusals || refused.Distinct(StringComparer.Ordinal).Count() >= options.MaxRefusingWorkers;
        return over
            ? Finished(job, JobStatus.Failed) with { RefusedBy = refused, Error = error }
            : Requeued(job) with { RefusedBy = refused };
    }

    private JobRecord Lost(JobRecord job)
    {
        int lost = job.LostWorkers + 1;
        if (lost < options.MaxAttempts)
            return Requeued(job) with { LostWorkers = lost };
        string message = $"the worker vanished in each of {lost} attempts";
        return Finished(job, JobStatus.Failed) with { LostWorkers = lost, Error = new JobError(JobError.WorkerLost, message, true) };
    }

    /// <summary>
    /// Computes the record after a lease ran out. If no report of this attempt arrived here, the job may never have reached its worker,
    /// or the grain has just moved to this node. Then the attempt does not show that the job kills its workers, and it does not count as
    /// lost.
    /// </summary>
    private JobRecord Silent(JobRecord job) => reported == job.Attempt || job.Attempt >= MostUnheard ? Lost(job) : Requeued(job);
}
