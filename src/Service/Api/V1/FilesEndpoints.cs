using System.Globalization;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Media.Video;
using Locutor.Service.Access;
using Locutor.Service.Conversions;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Submissions;
using Locutor.Service.Views;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoints that return results and inputs as files.</summary>
internal static class FilesEndpoints
{
    /// <summary>Seconds to wait before a video that is being converted is requested again.</summary>
    private const int ConversionSeconds = 5;

    private static readonly string[] Methods = ["GET", "HEAD"];

    public static void Map(RouteGroupBuilder v1)
    {
        var files = v1.MapGroup("/jobs/{id}").WithTags("Results");
        files.MapMethods("/video", Methods, VideoAsync).Needs(TokenScopes.Read)
            .Produces(200, contentType: "video/mp4").Produces(206, contentType: "video/mp4")
            .ProducesProblems(400, 401, 404, 409, 410, 422, 503)
            .Produces(416)
            .WithName("getVideo").WithSummary("The finished video")
            .WithDescription(
                "With ?format=webm, mov, mkv or gif the video is converted at the first request; status 202 with Retry-After and a " +
                "JSON body means that the conversion is not finished. Supports Range, If-Range and If-None-Match. With ?download it is " +
                "offered as a file. Status 304 without a body means that the entity tag is still valid.");
        files.MapMethods("/thumbnail", Methods, ThumbnailAsync).Needs(TokenScopes.Read).Produces(200, contentType: "image/jpeg")
            .ProducesProblems(401, 404).WithName("getThumbnail").WithSummary("A small picture of the video");
        files.MapMethods("/inputs/{field}", Methods, InputAsync).Needs(TokenScopes.Read).Produces(200).ProducesProblems(401, 404)
            .WithName("getInput").WithSummary("An input as it was stored");
    }

    private static async Task<IResult> VideoAsync(
        string id, HttpContext context, JobViews views, VideoConversions conversions, TimeProvider time)
    {
        var job = await views.FindAsync(context.Caller(), id);
        if (job.Status is JobStatus.Expired || (job.Result is not null && job.ExpiresAt <= time.GetUtcNow()))
            throw new ProblemException(410, "expired", "the result has expired");
        if (job.Result is null)
            throw new ProblemException(409, "not_ready", $"the job is {job.Status.ToString().ToLowerInvariant()}");
        var format = FormatOf(job, context.Request);
        if (await conversions.OpenAsync(job, format, context.RequestAborted) is not { } video)
        {
            context.Response.Headers.RetryAfter = ConversionSeconds.ToString(CultureInfo.InvariantCulture);
            return Results.Json(
                new ConversionView(
                    "converting", $"the video is being converted to {format.Extension}; ask again in {ConversionSeconds} s",
                    ConversionSeconds),
                Problems.Json, statusCode: StatusCodes.Status202Accepted);
        }
        // A range in a unit other than bytes is ignored (RFC 9110, 14.2).
        if (!context.Request.Headers.Range.ToString().StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
            context.Request.Headers.Remove("Range");
        FileNames.Describe(context, FileNames.Output(job, format.Extension));
        context.Response.Headers.CacheControl = "private, max-age=3600";
        return VideoAnswer.Create(video, job, format);
    }

    /// <summary>Returns the format that the request asks for, or else the one that the job was submitted with.</summary>
    private static VideoFormat FormatOf(JobRecord job, HttpRequest request)
    {
        string? asked = request.Query["format"].FirstOrDefault();
        if (asked is null) return OutputFormat(job) ?? VideoFormat.Mp4;
        return VideoFormat.All.FirstOrDefault(format => format.Extension == asked) ?? throw new ProblemException(
            400, JobError.InvalidRequest,
            $"format: expected one of {string.Join(", ", VideoFormat.All.Select(format => format.Extension))}, found '{asked}'");
    }

    private static VideoFormat? OutputFormat(JobRecord job) => StoredRequest.Load(job.Request)[VideoFields.Format] is { } name
        ? VideoFormat.All.FirstOrDefault(format => format.Extension == name)
        : null;

    private static async Task<IResult> ThumbnailAsync(string id, HttpContext context, JobViews views, IFileStore store)
    {
        var job = await views.FindAsync(context.Caller(), id);
        if (job.Result?.ThumbnailPath is not { } path || await store.OpenAsync(path, context.RequestAborted) is not { } thumbnail)
            throw new ProblemException(404, "not_found", "there is no thumbnail");
        context.Response.Headers.CacheControl = "private, max-age=3600";
        return Results.Stream(thumbnail, "image/jpeg");
    }

    private static async Task<IResult> InputAsync(string id, string field, HttpContext context, JobViews views, IFileStore store)
    {
        var job = await views.FindAsync(context.Caller(), id);
        var input = job.Request.Inputs.FirstOrDefault(input => input.Field == field);
        if (input?.Path is not { } path || await store.OpenAsync(path, context.RequestAborted) is not { } file)
            throw new ProblemException(404, "not_found", "there is no such input");
        context.Response.Headers.CacheControl = "private, max-age=3600";
        return Results.Stream(file, input.ContentType, enableRangeProcessing: true);
    }
}

/// <summary>The answer of status 202 while a video is being converted.</summary>
/// <param name="Status">Always converting.</param>
/// <param name="Detail">The message for people.</param>
/// <param name="RetryAfter">Seconds to wait before the request is repeated, as in the header Retry-After.</param>
internal sealed record ConversionView(string Status, string Detail, int RetryAfter);
