using System.Text.Json;
using System.Text.Json.Serialization;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Media.Video;
using Locutor.Service.Speech;
using Locutor.Service.Submissions;

namespace Locutor.Service.Views;

/// <summary>A job as the API shows it.</summary>
public sealed record JobView
{
    public required string Id { get; init; }

    /// <summary>The status: queued, running, succeeded, failed, canceled or expired.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>The stage of a job that has not ended: fetching, loading, encoding, denoising, decoding or muxing.</summary>
    public JobStage? Stage { get; init; }
    public required ProgressView Progress { get; init; }
    public required int Attempt { get; init; }

    /// <summary>
    /// A notice about the inputs, for example that the model was not trained on pictures of this kind. It is known once the job runs.
    /// </summary>
    public string? Notice { get; init; }

    /// <summary>The fields of the submission. Prompt, model and seed are always present.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement> Request { get; init; } = [];
    public required IReadOnlyList<InputView> Inputs { get; init; }

    /// <summary>The address of the HLS playlist of a video that is being made; null before its first clip and after the end.</summary>
    public string? Live { get; init; }
    public ResultView? Result { get; init; }
    public ErrorView? Error { get; init; }
    public WebhookStateView? Webhook { get; init; }
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The priority among the jobs of the token; null for 0.</summary>
    public int? Priority { get; init; }

    /// <summary>The time at which the job fails if it has not ended; null for never.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>The least memory in GiB of the device that runs the job; null for any.</summary>
    public double? MinMemoryGib { get; init; }

    /// <summary>The largest number of parts that several workers may make at once; null for 1.</summary>
    public int? Parts { get; init; }

    /// <summary>Seconds of GPU time of the attempts that have ended; null when none has.</summary>
    public double? GpuSeconds { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>
    /// Creates the view of a record. <paramref name="position"/> is the place in the queue, <paramref name="eta"/> the estimated seconds
    /// to the end, <paramref name="waitsFor"/> why no worker can take the job.
    /// </summary>
    public static JobView From(JobRecord job, int position = 0, double? eta = null, string? waitsFor = null)
    {
        var request = job.Request;
        return new JobView
        {
            Id = job.Id,
            Status = job.Status,
            Stage = StageOf(job),
            Progress = ProgressView.From(job, position, eta) with { WaitsFor = waitsFor },
            Attempt = job.Attempt,
            Notice = job.Result?.Notice ?? job.Progress?.Notice,
            Request = Asked(request),
            Inputs = request.Inputs.Select(input => InputView.From(job.Id, input)).ToArray(),
            Live = job is { Status: JobStatus.Running, Progress.LiveSeconds: > 0 } ? $"/v1/jobs/{job.Id}/live.m3u8" : null,
            Result = job.Result is null ? null : ResultView.From(job),
            Error = job.Error is { } error ? new ErrorView(error.Code, error.Message, error.Retryable) : null,
            Webhook = WebhookStateView.From(job),
            Metadata = request.Metadata,
            Priority = request.Priority == 0 ? null : request.Priority,
            NotAfter = request.NotAfter,
            Parts = request.MostParts > 1 ? request.MostParts : null,
            MinMemoryGib = request.MinMemoryGiB > 0 ? request.MinMemoryGiB : null,
            GpuSeconds = job.GpuSeconds > 0 ? Math.Round(job.GpuSeconds, 2) : null,
            CreatedAt = job.CreatedAt,
            StartedAt = job.StartedAt,
            FinishedAt = job.FinishedAt,
            ExpiresAt = job.ExpiresAt,
        };
    }

    private static Dictionary<string, JsonElement> Asked(JobRequest request) =>
        StoredRequest.Load(request).Given.ToDictionary(given => given.Field.Name, given => given.Value, StringComparer.Ordinal);

    private static JobStage? StageOf(JobRecord job) => job.Status switch
    {
        JobStatus.Queued when !job.Request.InputsStored => JobStage.Fetching,
        JobStatus.Running when job.Progress is { Stage: not JobStage.None } progress => progress.Stage,
        _ => null,
    };
}

/// <summary>The progress of a job.</summary>
public sealed record ProgressView
{
    /// <summary>The share of the work that is done, in percent from 0 to 100.</summary>
    public required double Percent { get; init; }
    public int? Clip { get; init; }
    public int? Clips { get; init; }
    public int? Step { get; init; }
    public int? Steps { get; init; }

    /// <summary>The estimated seconds to the end; null when unknown.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>The duration of the video that can be watched already; null before the first clip.</summary>
    public double? LiveSeconds { get; init; }

    /// <summary>
    /// A small picture of the clip that is being made, as a data URL of at most 22 kB; null when there is none. Lists have none.
    /// </summary>
    public string? Preview { get; init; }

    /// <summary>The place in the queue: 1 for the next job; null when the job does not wait.</summary>
    public int? QueuePosition { get; init; }

    /// <summary>Why no connected worker can take the job, for example because none has its model; null when one can.</summary>
    public string? WaitsFor { get; init; }

    public static ProgressView From(JobRecord job, int position, double? eta)
    {
        static int? Known(int count) => count > 0 ? count : null;
        var progress = job.Progress ?? new JobProgress();
        return new ProgressView
        {
            Percent = job.Status is JobStatus.Succeeded ? 100 : Math.Round(progress.Percent, 1),
            Clip = Known(progress.Clip),
            Clips = Known(progress.Clips),
            Step = Known(progress.Step),
            Steps = Known(progress.Steps),
            EtaSeconds = progress.EtaSeconds is { } seconds ? Math.Round(seconds, 1) : eta,
            LiveSeconds = job.Status is JobStatus.Running && progress.LiveSeconds > 0 ? Math.Round(progress.LiveSeconds, 2) : null,
            Preview = job.Status is JobStatus.Running ? progress.Preview : null,
            QueuePosition = Known(position),
        };
    }
}

/// <summary>One input of a job.</summary>
public sealed record InputView
{
    public required string Field { get; init; }

    /// <summary>The file name that the sender gave, or the last part of the URL; null when there is none.</summary>
    public string? Name { get; init; }
    public string? Url { get; init; }
    public string? ContentType { get; init; }
    public long? Bytes { get; init; }
    public double? Seconds { get; init; }

    /// <summary>The address of the stored file; null when it is not stored.</summary>
    public string? Href { get; init; }

    public static InputView From(string jobId, JobInput input) => new()
    {
        Field = input.Field,
        Name = FileNames.Input(input),
        Url = input.Url,
        ContentType = input.Path is null ? null : input.ContentType,
        Bytes = input.Path is null ? null : input.Bytes,
        Seconds = input.Seconds > 0 ? input.Seconds : null,
        Href = input.Path is null ? null : $"/v1/jobs/{jobId}/inputs/{input.Field}",
    };
}

/// <summary>The video of a succeeded job.</summary>
public sealed record ResultView
{
    public required string Video { get; init; }

    /// <summary>The name under which the video is downloaded, made of the names of the inputs.</summary>
    public required string FileName { get; init; }
    public string? Thumbnail { get; init; }

    /// <summary>The address of the spoken text as a sound; null for a job without a text.</summary>
    public string? Sound { get; init; }

    /// <summary>The address of the captions; null when there are none.</summary>
    public string? Captions { get; init; }

    /// <summary>
    /// The number of bytes of the video; null for a job whose format is not mp4, since its video is converted when it is first asked for.
    /// </summary>
    public required long? Bytes { get; init; }

    /// <summary>The SHA-256 of the video in hexadecimal digits; null where <see cref="Bytes"/> is.</summary>
    public required string? Sha256 { get; init; }
    public required int Width { get; init; }
    public required int Height { get; init; }
    public required double Seconds { get; init; }
    public required double GenerationSeconds { get; init; }

    /// <summary>The kind of device that made the video, such as the name of the GPU; null when unknown.</summary>
    public string? Device { get; init; }

    public static ResultView From(JobRecord job)
    {
        var result = job.Result!;
        string format = StoredRequest.Load(job.Request)[VideoFields.Format] ?? VideoFormat.Mp4.Extension;
        bool isAsMade = format == VideoFormat.Mp4.Extension;
        return new ResultView
        {
            Video = $"/v1/jobs/{job.Id}/video",
            FileName = FileNames.Output(job, format),
            Thumbnail = result.ThumbnailPath is null ? null : $"/v1/jobs/{job.Id}/thumbnail",
            Sound = SpokenInputs.SoundOf(job.Request) is null ? null : $"/v1/jobs/{job.Id}/sound",
            Captions = SpokenInputs.CaptionsOf(job) is null ? null : $"/v1/jobs/{job.Id}/captions",
            Bytes = isAsMade ? result.Bytes : null,
            Sha256 = isAsMade ? result.Sha256 : null,
            Width = result.Width,
            Height = result.Height,
            Seconds = result.Seconds,
            GenerationSeconds = Math.Round(result.GenerationSeconds, 2),
            Device = result.Device,
        };
    }
}

/// <summary>The delivery of the webhook of a job.</summary>
public sealed record WebhookStateView
{
    public required string Url { get; init; }

    /// <summary>The state: waiting (the job has not ended), pending (an attempt follows), delivered or given_up.</summary>
    public required string State { get; init; }
    public required int Attempts { get; init; }

    /// <summary>The HTTP status of the last answer; null when no answer came.</summary>
    public int? LastStatus { get; init; }

    /// <summary>The reason why the last attempt failed; null when it did not.</summary>
    public string? LastError { get; init; }
    public DateTimeOffset? LastAt { get; init; }
    public DateTimeOffset? NextAt { get; init; }

    public static WebhookStateView? From(JobRecord job) => job.Request.Webhook is not { } url ? null : new WebhookStateView
    {
        Url = url,
        State = job.Webhook switch
        {
            null => "waiting",
            { Settled: false } => "pending",
            { Delivered: true } => "delivered",
            _ => "given_up",
        },
        Attempts = job.Webhook?.Attempts ?? 0,
        LastStatus = job.Webhook?.LastStatus,
        LastError = job.Webhook?.LastError,
        LastAt = job.Webhook?.LastAt,
        NextAt = job.Webhook?.NextAt,
    };
}

/// <summary>The reason why a job failed.</summary>
public sealed record ErrorView(string Code, string Message, bool Retryable);

/// <summary>A page of a listing. <see cref="NextCursor"/> is the cursor of the next page; null on the last page.</summary>
public sealed record JobListView(IReadOnlyList<JobView> Jobs, string? NextCursor);
