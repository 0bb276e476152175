using Locutor.Jobs.Records;

namespace Locutor.Jobs.Grains;

/// <summary>What a record becomes when an attempt, or the job, ends.</summary>
public sealed partial class JobGrain
{
    /// <summary>Attempts after which a job counts every one of them as lost, also those of which nothing was heard.</summary>
    private const int MostUnheard = 20;

    private JobRecord Finished(JobRecord job, JobStatus status)
    {
        var now = _time.GetUtcNow();
        return job with
        {
            Status = status,
            LeaseUntil = null,
            Progress = null,
            FinishedAt = now,
            ExpiresAt = now + _options.KeepResults,
            Webhook = job.Request.Webhook is null ? null : new WebhookState { NextAt = now },
        };
    }

    private static JobRecord Requeued(JobRecord job) =>
        job with { Status = JobStatus.Queued, Worker = null, LeaseUntil = null, Progress = null };

    private JobRecord Refused(JobRecord job, JobError error)
    {
        string[] refused = [.. job.RefusedBy, job.Worker ?? ""];
        var over = refused.Length >= _options.MaxRefusals || refused.Distinct(StringComparer.Ordinal).Count() >= _options.MaxRefusingWorkers;
        return over
            ? Finished(job, JobStatus.Failed) with { RefusedBy = refused, Error = error }
            : Requeued(job) with { RefusedBy = refused };
    }

    private JobRecord Lost(JobRecord job)
    {
        var lost = job.LostWorkers + 1;
        if (lost < _options.MaxAttempts)
            return Requeued(job) with { LostWorkers = lost };
        var message = $"the worker vanished in each of {lost} attempts";
        return Finished(job, JobStatus.Failed) with { LostWorkers = lost, Error = new JobError(JobError.WorkerLost, message, true) };
    }

    /// <summary>
    /// The lease ran out. If the worker never reported, the job has not reached it, or this node is new to the job: then the attempt is no
    /// sign that the job harms its workers.
    /// </summary>
    private JobRecord Silent(JobRecord job) => _reported == job.Attempt || job.Attempt >= MostUnheard ? Lost(job) : Requeued(job);
}
