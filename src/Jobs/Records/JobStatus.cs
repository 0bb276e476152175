namespace Locutor.Jobs.Records;

/// <summary>
/// The status of a job. <see cref="Succeeded"/>, <see cref="Failed"/> and <see cref="Canceled"/> are final; the results expire later.
/// </summary>
public enum JobStatus
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Canceled,
    Expired,
}

/// <summary>The current stage of a job that is not finished.</summary>
public enum JobStage
{
    None,
    Fetching,
    Loading,
    Encoding,
    Denoising,
    Decoding,
    Muxing,
}

public static class JobStatusExtensions
{
    /// <summary>Returns whether the status is final, so that no worker will run the job any more.</summary>
    public static bool IsTerminal(this JobStatus status) => status is not (JobStatus.Queued or JobStatus.Running);
}
