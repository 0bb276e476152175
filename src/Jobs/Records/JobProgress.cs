namespace Locutor.Jobs.Records;

/// <summary>How far a running attempt is. Counts are 0 where they are not known yet.</summary>
[GenerateSerializer, Immutable]
public sealed record JobProgress
{
    [Id(0)] public JobStage Stage { get; init; }

    /// <summary>0 to 100.</summary>
    [Id(1)] public double Percent { get; init; }

    [Id(2)] public int Clip { get; init; }
    [Id(3)] public int Clips { get; init; }
    [Id(4)] public int Step { get; init; }
    [Id(5)] public int Steps { get; init; }
    [Id(6)] public double? EtaSeconds { get; init; }

    /// <summary>A note on these inputs, such as a picture of another kind than the model was trained on.</summary>
    [Id(7)] public string? Notice { get; init; }
}

/// <summary>Why a job failed. <see cref="Code"/> is stable and documented; <see cref="Message"/> is for people.</summary>
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

    /// <summary>SHA-256 of the file in lower-case hex; the service's entity tag.</summary>
    [Id(3)] public string Sha256 { get; init; } = "";

    [Id(4)] public int Width { get; init; }
    [Id(5)] public int Height { get; init; }
    [Id(6)] public double Seconds { get; init; }
    [Id(7)] public double GenerationSeconds { get; init; }

    /// <summary>The notice that the progress carried.</summary>
    [Id(8)] public string? Notice { get; init; }

    /// <summary>How long the attempt that made it was in each stage.</summary>
    [Id(9)] public Dictionary<JobStage, double>? StageSeconds { get; init; }
}

/// <summary>State of the one webhook of a job: how often it was tried and when it is due again.</summary>
[GenerateSerializer, Immutable]
public sealed record WebhookState
{
    [Id(0)] public int Attempts { get; init; }
    [Id(1)] public DateTimeOffset? NextAt { get; init; }

    /// <summary>Whether nothing more is sent: it was delivered, or given up.</summary>
    [Id(2)] public bool Settled { get; init; }

    /// <summary>Why the last attempt failed; null when it did not.</summary>
    [Id(3)] public string? LastError { get; init; }

    /// <summary>HTTP status of the last answer; null where none came.</summary>
    [Id(4)] public int? LastStatus { get; init; }
    [Id(5)] public DateTimeOffset? LastAt { get; init; }

    /// <summary>When a caller asked to send it again; the time to try counts from here.</summary>
    [Id(6)] public DateTimeOffset? AskedAt { get; init; }

    public bool Delivered => Settled && LastError is null;
}
