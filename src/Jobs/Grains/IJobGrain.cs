using Locutor.Jobs.Records;
using Orleans.Concurrency;

namespace Locutor.Jobs.Grains;

/// <summary>The answer to a report of a worker.</summary>
public enum LeaseReply
{
    /// <summary>The lease was renewed; the worker continues.</summary>
    Continue,

    /// <summary>The job was canceled: the worker stops and drops it.</summary>
    Canceled,

    /// <summary>The attempt is not the current one: another worker has the job, or the job has ended.</summary>
    Fenced,
}

/// <summary>
/// One job. Only this grain changes the record of the job. Every change is on disk before the call returns and before any reader sees it.
/// The key of the grain is the id of the job.
/// </summary>
public interface IJobGrain : IGrainWithStringKey
{
    /// <summary>Stores a new job. A second call with the same id changes nothing.</summary>
    Task CreateAsync(JobRecord record);

    /// <summary>Returns the current record, or null when there is no such job.</summary>
    [AlwaysInterleave] Task<JobRecord?> GetAsync();

    /// <summary>
    /// Returns the record as soon as its version is above <paramref name="version"/>, at the latest after <paramref name="atMost"/>.
    /// </summary>
    [AlwaysInterleave, ResponseTimeout(Patience.Waits)] Task<JobRecord?> WaitAsync(long version, TimeSpan atMost);

    /// <summary>Records that all inputs are in the data folder, so that the job may run.</summary>
    Task<bool> StoreInputsAsync(JobInput[] inputs);

    /// <summary>Fails the job because its inputs cannot be used.</summary>
    Task<bool> RejectAsync(JobError error);

    /// <summary>Starts an attempt for a worker. Returns null when the job does not wait any more or its deadline has passed.</summary>
    /// <param name="gpus">The number of devices of the worker, for the usage of the token.</param>
    Task<JobRecord?> StartAsync(string worker, int gpus);

    /// <summary>Fails the job if it is not over and its deadline has passed. Returns the record after that.</summary>
    Task<JobRecord?> EndOverdueAsync();

    /// <summary>Renews the lease and updates the progress.</summary>
    Task<LeaseReply> ReportAsync(int attempt, JobProgress? progress);

    /// <summary>Returns as soon as the attempt should stop, or after <paramref name="atMost"/>.</summary>
    [AlwaysInterleave, ResponseTimeout(Patience.Waits)] Task<LeaseReply> WaitForStopAsync(int attempt, TimeSpan atMost);

    /// <summary>Ends the job with a video. Returns false, and changes nothing, when the attempt is not the current one.</summary>
    Task<bool> SucceedAsync(int attempt, JobResult result);

    /// <summary>Ends the job with an error. Returns false, and changes nothing, when the attempt is not the current one.</summary>
    Task<bool> FailAsync(int attempt, JobError error);

    /// <summary>Puts the job back into the queue. The attempt does not count as a lost worker.</summary>
    Task<bool> HandBackAsync(int attempt);

    /// <summary>
    /// Puts the job back into the queue because the worker cannot run it through its own fault (its store, device or model). The attempt
    /// does not count as a lost worker. The job fails when several workers, or one worker many times, could not run it.
    /// </summary>
    Task<bool> RefuseAsync(int attempt, JobError error);

    /// <summary>
    /// Records that the worker of the attempt is lost. The job returns to the queue, or fails when it has lost too many workers.
    /// </summary>
    Task<JobRecord?> LoseWorkerAsync(int attempt);

    /// <summary>Ends the attempt if its lease has run out. Returns the record after that.</summary>
    /// <param name="workerSilence">
    /// The time since the worker last reported to the queue. Renewals of a lease are not stored, so a grain that has just moved to
    /// another machine needs it.
    /// </param>
    Task<JobRecord?> CheckLeaseAsync(TimeSpan workerSilence);

    /// <summary>Cancels a job that has not ended; otherwise changes nothing. Returns the record after that.</summary>
    Task<JobRecord?> CancelAsync();

    /// <summary>Marks a finished job as expired. The caller removes the files.</summary>
    Task<JobRecord?> ExpireAsync();

    /// <summary>Stores the outcome of an attempt to send the webhook.</summary>
    Task RecordWebhookAsync(WebhookState state);

    /// <summary>
    /// Schedules the webhook of a finished job to be sent again now. Returns null when there is no such job, or it has not ended or has
    /// no webhook.
    /// </summary>
    Task<JobRecord?> ResendWebhookAsync();

    /// <summary>Removes the record of a job that has ended.</summary>
    Task<bool> DeleteAsync();

    /// <summary>Removes the record of a submission that no index has accepted.</summary>
    Task DiscardAsync();
}
