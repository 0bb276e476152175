namespace Locutor.Jobs.Records;

/// <summary>Where a job stands. <see cref="Succeeded"/>, <see cref="Failed"/> and <see cref="Canceled"/> are final; results then expire.</summary>
public enum JobStatus
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Canceled,
    Expired,
}

/// <summary>What is being done for a job that is not finished.</summary>
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
    /// <summary>Whether no worker will touch the job any more.</summary>
    public static bool IsTerminal(this JobStatus status) => status is not (JobStatus.Queued or JobStatus.Running);
}
