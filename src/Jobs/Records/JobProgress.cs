namespace Locutor.Jobs.Records;

/// <summary>The progress of a running attempt. Counts are 0 while they are unknown.</summary>
[GenerateSerializer, Immutable]
public sealed record JobProgress
{
    [Id(0)] public JobStage Stage { get; init; }

    /// <summary>The share of the work that is done, in percent from 0 to 100.</summary>
    [Id(1)] public double Percent { get; init; }

    [Id(2)] public int Clip { get; init; }
    [Id(3)] public int Clips { get; init; }
    [Id(4)] public int Step { get; init; }
    [Id(5)] public int Steps { get; init; }
    [Id(6)] public double? EtaSeconds { get; init; }

    /// <summary>
    /// A notice about the inputs, for example that the model was not trained on pictures of this kind; null when there is none.
    /// </summary>
    [Id(7)] public string? Notice { get; init; }

    /// <summary>The duration of the video that can be watched already; 0 before the first clip.</summary>
    [Id(8)] public double LiveSeconds { get; init; }

    /// <summary>A small picture of the clip that is being made, as a data URL; null when there is none.</summary>
    [Id(9)] public string? Preview { get; init; }
}

/// <summary>
/// The reason why a job failed. Programs read <see cref="Code"/>, which is stable and documented; people read <see cref="Message"/>.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record JobError([property: Id(0)] string Code, [property: Id(1)] string Message, [property: Id(2)] bool Retryable)
{
    public const string FetchFailed = "fetch_failed";
    public const string AddressBlocked = "address_blocked";
    public const string UnsupportedMedia = "unsupported_media";
    public const string TooLarge = "too_large";
    public const string AudioTooShort = "audio_too_short";
    public const string InvalidRequest = "invalid_request";
    public const string GpuOutOfMemory = "gpu_out_of_memory";
    public const string WorkerLost = "worker_lost";
    public const string TimedOut = "timeout";
    public const string DeadlinePassed = "deadline_passed";
    public const string NotFinite = "not_finite";
    public const string Internal = "internal";
}

/// <summary>The finished video. Paths are relative to the data folder.</summary>
[GenerateSerializer, Immutable]
public sealed record JobResult
{
    [Id(0)] public string Path { get; init; } = "";
    [Id(1)] public string? ThumbnailPath { get; init; }
    [Id(2)] public long Bytes { get; init; }

    /// <summary>The SHA-256 of the file in lower-case hex. The service sends it as the entity tag (ETag).</summary>
    [Id(3)] public string Sha256 { get; init; } = "";

    [Id(4)] public int Width { get; init; }
    [Id(5)] public int Height { get; init; }
    [Id(6)] public double Seconds { get; init; }
    [Id(7)] public double GenerationSeconds { get; init; }

    /// <summary>The notice about the inputs, see <see cref="JobProgress.Notice"/>.</summary>
    [Id(8)] public string? Notice { get; init; }

    /// <summary>Seconds that the successful attempt spent in each stage.</summary>
    [Id(9)] public Dictionary<JobStage, double>? StageSeconds { get; init; }

    /// <summary>The captions of a transcript as WebVTT; null when there are none. Those of a spoken text are among the inputs.</summary>
    [Id(20)] public string? CaptionsPath { get; init; }

    /// <summary>The kind of device that made the video, for example the name of the GPU; null for a job of an older program.</summary>
    [Id(21)] public string? Device { get; init; }
}

/// <summary>The state of the webhook of a job: how often it was tried and when it is due again.</summary>
[GenerateSerializer, Immutable]
public sealed record WebhookState
{
    [Id(0)] public int Attempts { get; init; }
    [Id(1)] public DateTimeOffset? NextAt { get; init; }

    /// <summary>Whether the webhook was delivered or given up, so that nothing more is sent.</summary>
    [Id(2)] public bool Settled { get; init; }

    /// <summary>The reason why the last attempt failed; null when it succeeded or none was made.</summary>
    [Id(3)] public string? LastError { get; init; }

    /// <summary>The HTTP status of the last answer; null when no answer came.</summary>
    [Id(4)] public int? LastStatus { get; init; }
    [Id(5)] public DateTimeOffset? LastAt { get; init; }

    /// <summary>The time at which a caller asked to send the webhook again. The period of retries counts from this time.</summary>
    [Id(6)] public DateTimeOffset? AskedAt { get; init; }

    public bool Delivered => Settled && LastError is null;
}
