using Locutor.Jobs.Records;
using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Grains;

/// <inheritdoc cref="IJobGrain"/>
public sealed partial class JobGrain : Grain, IJobGrain
{
    private readonly IPersistentState<JobRecord> stored;
    private readonly JobsOptions options;
    private readonly JobsMetrics metrics;
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
        JobsMetrics metrics, TimeProvider time, SiloEnding ending, ILogger<JobGrain> logger)
    {
        this.stored = stored;
        this.options = options;
        this.metrics = metrics;
        this.time = time;
        this.ending = ending;
        this.logger = logger;
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (this.stored.RecordExists && this.stored.State.Id.Length > 0)
            this.current = this.stored.State;
        activated = this.time.GetUtcNow();
        return Task.CompletedTask;
    }

    public Task CreateAsync(JobRecord record) => this.current is null && deletedOwner is null ? StoreAsync(record) : Task.CompletedTask;

    public Task<JobRecord?> GetAsync() => Task.FromResult(this.current);

    public async Task<JobRecord?> WaitAsync(long version, TimeSpan atMost)
    {
        var from = this.time.GetTimestamp();
        while (this.current is { } current && current.Version <= version && await ChangeAsync(atMost - this.time.GetElapsedTime(from)))
        {
        }
        return this.current;
    }

    public async Task<bool> StoreInputsAsync(JobInput[] inputs)
    {
        if (this.current is not { Status: JobStatus.Queued } job || job.Request.InputsStored)
            return false;
        await ChangeToAsync(job with { Request = job.Request with { Inputs = inputs }, Progress = null });
        return true;
    }

    public async Task<bool> RejectAsync(JobError error)
    {
        if (this.current is not { Status: JobStatus.Queued } job || job.Request.InputsStored)
            return false;
        await ChangeToAsync(Finished(job, JobStatus.Failed) with { Error = error });
        return true;
    }

    public async Task<JobRecord?> StartAsync(string worker)
    {
        if (this.current is not { Status: JobStatus.Queued } job || !job.Request.InputsStored)
            return null;
        var now = this.time.GetUtcNow();
        await StoreAsync(job with
        {
            Status = JobStatus.Running,
            Attempt = job.Attempt + 1,
            Worker = worker,
            StartedAt = job.StartedAt ?? now,
            LeaseUntil = now + this.options.Lease,
            Progress = new JobProgress { Stage = JobStage.Loading },
        });
        if (job.StartedAt is null)
            this.metrics.Started(this.current!);
        await TellAsync(queue: false);
        return this.current;
    }

    public Task<LeaseReply> ReportAsync(int attempt, JobProgress? progress)
    {
        var reply = ReplyTo(attempt);
        if (reply is LeaseReply.Continue)
        {
            // Progress and the renewed lease are useless after a crash, so they are not stored.
            var job = this.current!;
            reported = attempt;
            Publish(
                job with
                {
                    LeaseUntil = this.time.GetUtcNow() + this.options.Lease,
                    Progress = progress ?? job.Progress,
                    Version = NextVersion(job),
                });
        }
        return Task.FromResult(reply);
    }

    public async Task<LeaseReply> WaitForStopAsync(int attempt, TimeSpan atMost)
    {
        var from = this.time.GetTimestamp();
        while (ReplyTo(attempt) is LeaseReply.Continue && await ChangeAsync(atMost - this.time.GetElapsedTime(from)))
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
        return this.current;
    }

    public async Task<JobRecord?> CheckLeaseAsync(TimeSpan workerSilence)
    {
        var now = this.time.GetUtcNow();
        if (this.current is { Status: JobStatus.Running, LeaseUntil: { } until } job && until <= now
            && (workerSilence >= this.options.Lease || activated + this.options.Lease <= now))
            await EndAttemptAsync(job.Attempt, Silent);
        return this.current;
    }

    public async Task<JobRecord?> CancelAsync()
    {
        if (this.current is { } job && !job.Status.IsTerminal())
            await ChangeToAsync(Finished(job, JobStatus.Canceled));
        return this.current;
    }

    public async Task<JobRecord?> ExpireAsync()
    {
        if (this.current is { } job && job.Status.IsTerminal() && job.Status != JobStatus.Expired)
            await ChangeToAsync(
                job with { Status = JobStatus.Expired, Result = null, ExpiresAt = this.time.GetUtcNow() + this.options.KeepRecords });
        else if (this.current is not null)
            await TellAsync(queue: false); // The caller goes by the index, which may have missed the change.
        return this.current;
    }

    public async Task RecordWebhookAsync(WebhookState state)
    {
        if (this.current is { Webhook: { Settled: false } } job)
            await ChangeToAsync(job with { Webhook = state });
    }

    public async Task<JobRecord?> ResendWebhookAsync()
    {
        if (this.current is not { Webhook: { } webhook } job || !job.Status.IsTerminal())
            return null;
        var now = this.time.GetUtcNow();
        await ChangeToAsync(job with { Webhook = webhook with { Settled = false, NextAt = now, AskedAt = now } });
        return this.current;
    }

    public async Task<bool> DeleteAsync()
    {
        if (this.current is not { } job || !job.Status.IsTerminal())
            return this.current is null;
        await ClearAsync(job.Owner);
        await TellAsync(queue: true);
        return true;
    }

    public async Task DiscardAsync()
    {
        if (this.current is { } job)
            await ClearAsync(job.Owner);
        DeactivateOnIdle();
    }

    private LeaseReply ReplyTo(int attempt) => this.current switch
    {
        { Status: JobStatus.Running } job when job.Attempt == attempt => LeaseReply.Continue,
        { Status: JobStatus.Canceled } job when job.Attempt == attempt => LeaseReply.Canceled,
        _ => LeaseReply.Fenced,
    };

    private async Task<bool> EndAttemptAsync(int attempt, Func<JobRecord, JobRecord> next)
    {
        if (ReplyTo(attempt) is not LeaseReply.Continue)
            return false;
        await ChangeToAsync(next(this.current!));
        return true;
    }

    private async Task ChangeToAsync(JobRecord next)
    {
        var ends = next.Status.IsTerminal() && !this.current!.Status.IsTerminal();
        await StoreAsync(next);
        if (ends)
            this.metrics.Finished(next);
        await TellAsync(queue: true);
    }

    private async Task StoreAsync(JobRecord next)
    {
        next = next with { Version = NextVersion(next) };
        this.stored.State = next;
        await WriteAsync(this.stored.WriteStateAsync);
        Publish(next);
    }

    private async Task ClearAsync(string owner)
    {
        await WriteAsync(this.stored.ClearStateAsync);
        deletedOwner = owner;
        this.current = null;
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

    private long NextVersion(JobRecord job) => Math.Max((this.current ?? job).Version + 1, this.time.GetUtcNow().ToUnixTimeMilliseconds());

    private void Publish(JobRecord record)
    {
        this.current = record;
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
            await changed.Task.WaitAsync(atMost, this.time, this.ending.Token);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }
}
