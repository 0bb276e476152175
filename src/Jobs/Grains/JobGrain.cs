using Locutor.Jobs.Records;
using Locutor.Jobs.Usage;
using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Grains;

/// <inheritdoc cref="IJobGrain"/>
public sealed partial class JobGrain : Grain, IJobGrain
{
    private readonly IPersistentState<JobRecord> stored;
    private readonly JobsOptions options;
    private readonly JobsMetrics metrics;
    private readonly UsageStore usage;
    private readonly TimeProvider time;
    private readonly SiloEnding ending;
    private readonly ILogger<JobGrain> logger;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private JobRecord? current;
    private DateTimeOffset activated;
    private IGrainTimer? telling;
    private string? deletedOwner;
    private int reported;
    private bool broken;

    public JobGrain([PersistentState("job", JobsStorage.Name)] IPersistentState<JobRecord> stored, JobsOptions options,
        JobsMetrics metrics, UsageStore usage, TimeProvider time, SiloEnding ending, ILogger<JobGrain> logger)
    {
        this.stored = stored;
        this.options = options;
        this.metrics = metrics;
        this.usage = usage;
        this.time = time;
        this.ending = ending;
        this.logger = logger;
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (stored.RecordExists && stored.State.Id.Length > 0)
            current = stored.State;
        activated = time.GetUtcNow();
        return Task.CompletedTask;
    }

    public Task CreateAsync(JobRecord record) => current is null && deletedOwner is null ? StoreAsync(record) : Task.CompletedTask;

    public Task<JobRecord?> GetAsync() => Task.FromResult(current);

    public async Task<JobRecord?> WaitAsync(long version, TimeSpan atMost)
    {
        long from = time.GetTimestamp();
        while (this.current is { } current && current.Version <= version && await ChangeAsync(atMost - time.GetElapsedTime(from)))
        {
        }
        return current;
    }

    public async Task<bool> StoreInputsAsync(JobInput[] inputs)
    {
        if (current is not { Status: JobStatus.Queued } job || job.Request.InputsStored)
            return false;
        await ChangeToAsync(job with { Request = job.Request with { Inputs = inputs }, Progress = null });
        return true;
    }

    public async Task<bool> RejectAsync(JobError error)
    {
        if (current is not { Status: JobStatus.Queued } job || job.Request.InputsStored)
            return false;
        await ChangeToAsync(Finished(job, JobStatus.Failed) with { Error = error });
        return true;
    }

    public async Task<JobRecord?> StartAsync(string worker, int gpus)
    {
        if (current is not { Status: JobStatus.Queued } job || !job.Request.InputsStored)
            return null;
        var now = time.GetUtcNow();
        if (job.Request.NotAfter <= now)
        {
            await EndOverdueAsync();
            return null;
        }
        await StoreAsync(job with
        {
            Status = JobStatus.Running,
            Attempt = job.Attempt + 1,
            Worker = worker,
            StartedAt = job.StartedAt ?? now,
            AttemptStartedAt = now,
            Gpus = gpus,
            LeaseUntil = now + options.Lease,
            Progress = new JobProgress { Stage = JobStage.Loading },
        });
        if (job.StartedAt is null)
            metrics.Started(current!);
        await TellAsync(queue: false);
        return current;
    }

    public Task<LeaseReply> ReportAsync(int attempt, JobProgress? progress)
    {
        var reply = ReplyTo(attempt);
        if (reply is LeaseReply.Continue)
        {
            // Progress and the renewed lease are useless after a crash, so they are not stored.
            var job = current!;
            reported = attempt;
            Publish(
                job with
                {
                    LeaseUntil = time.GetUtcNow() + options.Lease,
                    Progress = progress ?? job.Progress,
                    Version = NextVersion(job),
                });
        }
        return Task.FromResult(reply);
    }

    public async Task<LeaseReply> WaitForStopAsync(int attempt, TimeSpan atMost)
    {
        long from = time.GetTimestamp();
        while (ReplyTo(attempt) is LeaseReply.Continue && await ChangeAsync(atMost - time.GetElapsedTime(from)))
        {
        }
        return ReplyTo(attempt);
    }

    public Task<bool> SucceedAsync(int attempt, JobResult result) =>
        EndAttemptAsync(attempt, job => Finished(job, JobStatus.Succeeded) with { Result = result });

    public Task<bool> FailAsync(int attempt, JobError error) =>
        EndAttemptAsync(attempt, job => Finished(job, JobStatus.Failed) with { Error = error });

    public Task<bool> HandBackAsync(int attempt) => EndAttemptAsync(attempt, Requeued);

    public Task<bool> RefuseAsync(int attempt, JobError error) => EndAttemptAsync(attempt, job => Refused(job, error));

    public async Task<JobRecord?> LoseWorkerAsync(int attempt)
    {
        await EndAttemptAsync(attempt, Lost);
        return current;
    }

    public async Task<JobRecord?> CheckLeaseAsync(TimeSpan workerSilence)
    {
        var now = time.GetUtcNow();
        if (current is { Status: JobStatus.Running, LeaseUntil: { } until } job && until <= now
            && (workerSilence >= options.Lease || activated + options.Lease <= now))
        {
            await EndAttemptAsync(job.Attempt, Silent);
        }

        return current;
    }

    public async Task<JobRecord?> CancelAsync()
    {
        if (current is { } job && !job.Status.IsTerminal())
            await ChangeToAsync(Finished(job, JobStatus.Canceled));
        return current;
    }

    public async Task<JobRecord?> ExpireAsync()
    {
        if (current is { } job && job.Status.IsTerminal() && job.Status != JobStatus.Expired)
        {
            await ChangeToAsync(
                job with { Status = JobStatus.Expired, Result = null, ExpiresAt = time.GetUtcNow() + options.KeepRecords });
        }
        else if (current is not null)
        {
            await TellAsync(queue: false); // The caller read the index, which may have missed the change.
        }
        return current;
    }

    public async Task RecordWebhookAsync(WebhookState state)
    {
        if (current is { Webhook: { Settled: false } } job)
            await ChangeToAsync(job with { Webhook = state });
    }

    public async Task<JobRecord?> ResendWebhookAsync()
    {
        if (current is not { Webhook: { } webhook } job || !job.Status.IsTerminal())
            return null;
        var now = time.GetUtcNow();
        await ChangeToAsync(job with { Webhook = webhook with { Settled = false, NextAt = now, AskedAt = now } });
        return current;
    }

    public async Task<bool> DeleteAsync()
    {
        if (current is not { } job || !job.Status.IsTerminal())
            return current is null;
        await usage.RecordAsync(job);
        await ClearAsync(job.Owner);
        await TellAsync(queue: true);
        return true;
    }

    public async Task DiscardAsync()
    {
        if (current is { } job)
            await ClearAsync(job.Owner);
        DeactivateOnIdle();
    }

    private LeaseReply ReplyTo(int attempt) => current switch
    {
        { Status: JobStatus.Running } job when job.Attempt == attempt => LeaseReply.Continue,
        { Status: JobStatus.Canceled } job when job.Attempt == attempt => LeaseReply.Canceled,
        { Error.Code: JobError.DeadlinePassed } job when job.Attempt == attempt => LeaseReply.Canceled,
        _ => LeaseReply.Fenced,
    };

    private async Task<bool> EndAttemptAsync(int attempt, Func<JobRecord, JobRecord> next)
    {
        if (ReplyTo(attempt) is not LeaseReply.Continue)
            return false;
        await ChangeToAsync(next(current!));
        return true;
    }

    private async Task ChangeToAsync(JobRecord next)
    {
        bool ends = next.Status.IsTerminal() && !current!.Status.IsTerminal();
        next = Metered(next);
        await StoreAsync(next);
        if (ends)
            metrics.Finished(next);
        await TellAsync(queue: true);
    }

    private async Task StoreAsync(JobRecord next)
    {
        next = next with { Version = NextVersion(next) };
        stored.State = next;
        await WriteAsync(stored.WriteStateAsync);
        Publish(next);
    }

    private async Task ClearAsync(string owner)
    {
        await WriteAsync(stored.ClearStateAsync);
        deletedOwner = owner;
        current = null;
        Wake();
    }

    private async Task WriteAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch
        {
            // Memory and disk may differ now, so the next call reads the record from disk. Waiting callers repeat their calls.
            broken = true;
            Wake();
            DeactivateOnIdle();
            throw;
        }
    }

    private long NextVersion(JobRecord job) => Math.Max((current ?? job).Version + 1, time.GetUtcNow().ToUnixTimeMilliseconds());

    private void Publish(JobRecord record)
    {
        current = record;
        Wake();
    }

    private void Wake()
    {
        var waiting = changed;
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
    }

    /// <summary>Waits for a change of the record. Returns false when none came within <paramref name="atMost"/>.</summary>
    private async Task<bool> ChangeAsync(TimeSpan atMost)
    {
        if (atMost <= TimeSpan.Zero || broken)
            return false;
        try
        {
            await changed.Task.WaitAsync(atMost, time, ending.Token);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }
}
