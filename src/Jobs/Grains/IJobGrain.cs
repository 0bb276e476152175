using Locutor.Jobs.Records;
using Orleans.Concurrency;

namespace Locutor.Jobs.Grains;

/// <summary>What a worker is told when it reports.</summary>
public enum LeaseReply
{
    /// <summary>Go on; the lease was renewed.</summary>
    Continue,

    /// <summary>The job was canceled: stop and forget it.</summary>
    Canceled,

    /// <summary>The attempt is not the current one: another worker has the job, or it is over.</summary>
    Fenced,
}

/// <summary>
/// One job: its record and the only place where its state changes. Every change is on disk before it is answered or seen by a reader.
/// The key is the job's id.
/// </summary>
public interface IJobGrain : IGrainWithStringKey
{
    /// <summary>Stores a new job. A second call with the same id changes nothing.</summary>
    Task CreateAsync(JobRecord record);

    /// <summary>The record as last stored, or null when there is no such job.</summary>
    [AlwaysInterleave] Task<JobRecord?> GetAsync();

    /// <summary>The record as soon as its version is above <paramref name="version"/>, or as it stands after <paramref name="atMost"/>.</summary>
    [AlwaysInterleave, ResponseTimeout(Patience.Waits)] Task<JobRecord?> WaitAsync(long version, TimeSpan atMost);

    /// <summary>The inputs lie in the data folder now, and the job may run.</summary>
    Task<bool> StoreInputsAsync(JobInput[] inputs);

    /// <summary>The inputs cannot be had: the job fails.</summary>
    Task<bool> RejectAsync(JobError error);

    /// <summary>Begins an attempt for a worker. Null when the job does not wait any more.</summary>
    Task<JobRecord?> StartAsync(string worker);

    /// <summary>Renews the lease and notes progress.</summary>
    Task<LeaseReply> ReportAsync(int attempt, JobProgress? progress);

    /// <summary>Returns as soon as the attempt should stop, or after <paramref name="atMost"/>.</summary>
    [AlwaysInterleave, ResponseTimeout(Patience.Waits)] Task<LeaseReply> WaitForStopAsync(int attempt, TimeSpan atMost);

    /// <summary>Ends the attempt with a video. False: the attempt was not current, and nothing was changed.</summary>
    Task<bool> SucceedAsync(int attempt, JobResult result);

    /// <summary>Ends the attempt and the job with an error. False: the attempt was not current.</summary>
    Task<bool> FailAsync(int attempt, JobError error);

    /// <summary>Puts the job back in the queue without counting the attempt as lost.</summary>
    Task<bool> HandBackAsync(int attempt);

    /// <summary>
    /// The worker cannot run the job for a reason of its own (its store, device or model): the job goes back to its place and no attempt
    /// counts. It fails when several workers, or one worker many times, could not run it.
    /// </summary>
    Task<bool> RefuseAsync(int attempt, JobError error);

    /// <summary>The attempt's worker is gone: back in the queue, or failed when too many were lost.</summary>
    Task<JobRecord?> LoseWorkerAsync(int attempt);

    /// <summary>Loses the worker if its lease has run out; the record after that.</summary>
    /// <param name="workerSilence">How long the queue has not heard of the worker. Renewals are not stored, so a grain that has just moved to another machine knows no better.</param>
    Task<JobRecord?> CheckLeaseAsync(TimeSpan workerSilence);

    /// <summary>Cancels a job that is not over; otherwise changes nothing. The record after that.</summary>
    Task<JobRecord?> CancelAsync();

    /// <summary>Marks a finished job as expired. The caller removes the files.</summary>
    Task<JobRecord?> ExpireAsync();

    /// <summary>Notes the outcome of sending the webhook.</summary>
    Task RecordWebhookAsync(WebhookState state);

    /// <summary>Sends the webhook of a job that is over once more, now. Null when there is no such job, it is not over or has no webhook.</summary>
    Task<JobRecord?> ResendWebhookAsync();

    /// <summary>Removes the record. Only for jobs that are over.</summary>
    Task<bool> DeleteAsync();

    /// <summary>Removes the record of a submission that no index has accepted.</summary>
    Task DiscardAsync();
}
