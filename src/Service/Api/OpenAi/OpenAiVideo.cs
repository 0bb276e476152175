using System.Globalization;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Service.Submissions;

namespace Locutor.Service.Api.OpenAi;

/// <summary>A job as OpenAI's interface shows a video.</summary>
/// <param name="Status">One of queued, in_progress, completed and failed.</param>
/// <param name="Progress">The share of the work that is done, in percent from 0 to 100.</param>
/// <param name="CreatedAt">Seconds since 1970, as all times here.</param>
/// <param name="Seconds">The duration of the video as a text; null before it is finished.</param>
/// <param name="Size">The size of the video as WIDTHxHEIGHT; null before it is finished.</param>
internal sealed record OpenAiVideo(
    string Id, string Object, string Model, string Status, int Progress, long CreatedAt, long? CompletedAt, long? ExpiresAt,
    string? Prompt, string? Seconds, string? Size, OpenAiError? Error)
{
    public static OpenAiVideo From(JobRecord job) => new(
        job.Id, "video", job.Request.ModelName ?? "", StatusOf(job.Status),
        job.Status is JobStatus.Succeeded ? 100 : (int)Math.Clamp(job.Progress?.Percent ?? 0, 0, 99),
        job.CreatedAt.ToUnixTimeSeconds(), job.Status is JobStatus.Succeeded ? job.FinishedAt?.ToUnixTimeSeconds() : null,
        job.ExpiresAt?.ToUnixTimeSeconds(), StoredRequest.Load(job.Request)[VideoFields.Prompt],
        job.Result?.Seconds.ToString("0.###", CultureInfo.InvariantCulture),
        job.Result is { } video ? string.Create(CultureInfo.InvariantCulture, $"{video.Width}x{video.Height}") : null, ErrorOf(job));

    private static string StatusOf(JobStatus status) => status switch
    {
        JobStatus.Queued => "queued",
        JobStatus.Running => "in_progress",
        JobStatus.Succeeded => "completed",
        _ => "failed",
    };

    private static OpenAiError? ErrorOf(JobRecord job) => job.Status switch
    {
        JobStatus.Canceled => new OpenAiError("canceled", "the job was canceled"),
        JobStatus.Expired => new OpenAiError("expired", "the video has expired"),
        _ => job.Error is { } error ? new OpenAiError(error.Code, error.Message) : null,
    };
}

/// <summary>The reason why a video failed.</summary>
internal sealed record OpenAiError(string Code, string Message);

/// <summary>A page of a list, newest video first.</summary>
internal sealed record OpenAiList(IReadOnlyList<OpenAiVideo> Data, string? FirstId, string? LastId, bool HasMore, string Object = "list");

/// <summary>The answer to the deletion of a video.</summary>
internal sealed record OpenAiDeleted(string Id, string Object, bool Deleted);

/// <summary>A refusal in OpenAI's form.</summary>
internal sealed record OpenAiRefusal(OpenAiRefusalError Error);

/// <param name="Param">The field with the error; null for none.</param>
internal sealed record OpenAiRefusalError(string Message, string Type, string? Param, string Code);
