using Locutor.Jobs.Hosting;
using Locutor.Jobs.Records;
using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Grains;

/// <inheritdoc cref="IJobGrain"/>
public sealed partial class JobGrain : Grain, IJobGrain
{
    private readonly IPersistentState<JobRecord> _stored;
    private readonly JobsOptions _options;
    private readonly JobsMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly SiloEnding _ending;
    private readonly ILogger<JobGrain> _logger;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private JobRecord? _current;
    private DateTimeOffset _activated;
    private IGrainTimer? _telling;
    private string? _deletedOwner;
    private int _reported;
    private bool _broken;

    public JobGrain([PersistentState("job", JobsStorage.Name)] IPersistentState<JobRecord> stored, JobsOptions options,
        JobsMetrics metrics, TimeProvider time, SiloEnding ending, ILogger<JobGrain> logger)
    {
        _stored = stored;
        _options = options;
        _metrics = metrics;
        _time = time;
        _ending = ending;
        _logger = logger;
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (_stored.RecordExists && _stored.State.Id.Length > 0)
            _current = _stored.State;
        _activated = _time.GetUtcNow();
        return Task.CompletedTask;
    }

    public Task CreateAsync(JobRecord record) => _current is null && _deletedOwner is null ? StoreAsync(record) : Task.CompletedTask;

    public Task<JobRecord?> GetAsync() => Task.FromResult(_current);

    public async Task<JobRecord?> WaitAsync(long version, TimeSpan atMost)
    {
        var from = _time.GetTimestamp();
        while (_current is { } current && current.Version <= version && await ChangeAsync(atMost - _time.GetElapsedTime(from)))
        {
        }
        return _current;
    }

    public async Task<bool> StoreInputsAsync(JobInput[] inputs)
    {
        if (_current is not { Status: JobStatus.Queued } job || job.Request.InputsStored)
            return false;
        await ChangeToAsync(job with { Request = job.Request with { Inputs = inputs }, Progress = null });
        return true;
    }

    public async Task<bool> RejectAsync(JobError error)
    {
        if (_current is not { Status: JobStatus.Queued } job || job.Request.InputsStored)
            return false;
        await ChangeToAsync(Finished(job, JobStatus.Failed) with { Error = error });
        return true;
    }

    public async Task<JobRecord?> StartAsync(string worker)
    {
        if (_current is not { Status: JobStatus.Queued } job || !job.Request.InputsStored)
            return null;
        var now = _time.GetUtcNow();
        await StoreAsync(job with
        {
            Status = JobStatus.Running,
            Attempt = job.Attempt + 1,
            Worker = worker,
            StartedAt = job.StartedAt ?? now,
            LeaseUntil = now + _options.Lease,
            Progress = new JobProgress { Stage = JobStage.Loading },
        });
        if (job.StartedAt is null)
            _metrics.Started(_current!);
        await TellAsync(queue: false);
        return _current;
    }

    public Task<LeaseReply> ReportAsync(int attempt, JobProgress? progress)
    {
        var reply = ReplyTo(attempt);
        if (reply is LeaseReply.Continue)
        {
            // Progress and the renewed lease are useless after a crash, so they are not stored.
            var job = _current!;
            _reported = attempt;
            Publish(job with { LeaseUntil = _time.GetUtcNow() + _options.Lease, Progress = progress ?? job.Progress, Version = NextVersion(job) });
        }
        return Task.FromResult(reply);
    }

    public async Task<LeaseReply> WaitForStopAsync(int attempt, TimeSpan atMost)
    {
        var from = _time.GetTimestamp();
        while (ReplyTo(attempt) is LeaseReply.Continue && await ChangeAsync(atMost - _time.GetElapsedTime(from)))
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
        return _current;
    }

    public async Task<JobRecord?> CheckLeaseAsync(TimeSpan workerSilence)
    {
        var now = _time.GetUtcNow();
        if (_current is { Status: JobStatus.Running, LeaseUntil: { } until } job && until <= now
            && (workerSilence >= _options.Lease || _activated + _options.Lease <= now))
            await EndAttemptAsync(job.Attempt, Silent);
        return _current;
    }

    public async Task<JobRecord?> CancelAsync()
    {
        if (_current is { } job && !job.Status.IsTerminal())
            await ChangeToAsync(Finished(job, JobStatus.Canceled));
        return _current;
    }

    public async Task<JobRecord?> ExpireAsync()
    {
        if (_current is { } job && job.Status.IsTerminal() && job.Status != JobStatus.Expired)
            await ChangeToAsync(job with { Status = JobStatus.Expired, Result = null, ExpiresAt = _time.GetUtcNow() + _options.KeepRecords });
        else if (_current is not null)
            await TellAsync(queue: false); // The caller goes by the index, which may have missed the change.
        return _current;
    }

    public async Task RecordWebhookAsync(WebhookState state)
    {
        if (_current is { Webhook: { Settled: false } } job)
            await ChangeToAsync(job with { Webhook = state });
    }

    public async Task<JobRecord?> ResendWebhookAsync()
    {
        if (_current is not { Webhook: { } webhook } job || !job.Status.IsTerminal())
            return null;
        var now = _time.GetUtcNow();
        await ChangeToAsync(job with { Webhook = webhook with { Settled = false, NextAt = now, AskedAt = now } });
        return _current;
    }

    public async Task<bool> DeleteAsync()
    {
        if (_current is not { } job || !job.Status.IsTerminal())
            return _current is null;
        await ClearAsync(job.Owner);
        await TellAsync(queue: true);
        return true;
    }

    public async Task DiscardAsync()
    {
        if (_current is { } job)
            await ClearAsync(job.Owner);
        DeactivateOnIdle();
    }

    private LeaseReply ReplyTo(int attempt) => _current switch
    {
        { Status: JobStatus.Running } job when job.Attempt == attempt => LeaseReply.Continue,
        { Status: JobStatus.Canceled } job when job.Attempt == attempt => LeaseReply.Canceled,
        _ => LeaseReply.Fenced,
    };

    private async Task<bool> EndAttemptAsync(int attempt, Func<JobRecord, JobRecord> next)
    {
        if (ReplyTo(attempt) is not LeaseReply.Continue)
            return false;
        await ChangeToAsync(next(_current!));
        return true;
    }

    private async Task ChangeToAsync(JobRecord next)
    {
        var ends = next.Status.IsTerminal() && !_current!.Status.IsTerminal();
        await StoreAsync(next);
        if (ends)
            _metrics.Finished(next);
        await TellAsync(queue: true);
    }

    private async Task StoreAsync(JobRecord next)
    {
        next = next with { Version = NextVersion(next) };
        _stored.State = next;
        await WriteAsync(_stored.WriteStateAsync);
        Publish(next);
    }

    private async Task ClearAsync(string owner)
    {
        await WriteAsync(_stored.ClearStateAsync);
        _deletedOwner = owner;
        _current = null;
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
            _broken = true;
            Wake();
            DeactivateOnIdle();
            throw;
        }
    }

    private long NextVersion(JobRecord job) => Math.Max((_current ?? job).Version + 1, _time.GetUtcNow().ToUnixTimeMilliseconds());

    private void Publish(JobRecord record)
    {
        _current = record;
        Wake();
    }

    private void Wake()
    {
        var waiting = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
    }

    /// <summary>Waits for a change of the record. Returns false when none came within <paramref name="atMost"/>.</summary>
    private async Task<bool> ChangeAsync(TimeSpan atMost)
    {
        if (atMost <= TimeSpan.Zero || _broken)
            return false;
        try
        {
            await _changed.Task.WaitAsync(atMost, _time, _ending.Token);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }
}
