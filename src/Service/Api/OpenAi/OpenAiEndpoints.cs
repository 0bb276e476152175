using System.Globalization;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Submissions;
using Locutor.Service.Views;

namespace Locutor.Service.Api.OpenAi;

/// <summary>OpenAI's interface for videos, under <c>/v1/videos</c>: create, get, list, delete and download.</summary>
internal static class OpenAiEndpoints
{
    private const int MostListed = 100;

    public static void Map(RouteGroupBuilder v1)
    {
        var videos = v1.MapGroup("/videos").WithMetadata(new ErrorForm(Refusal)).ExcludeFromDescription();
        videos.MapPost("", CreateAsync).Needs(TokenScopes.Submit);
        videos.MapGet("", ListAsync).Needs(TokenScopes.Read);
        videos.MapGet("/{id}", async (string id, HttpContext context, JobViews views) =>
            Show(await views.FindAsync(context.Caller(), id))).Needs(TokenScopes.Read);
        videos.MapGet("/{id}/content", ContentAsync).Needs(TokenScopes.Read);
        videos.MapDelete("/{id}", DeleteAsync).Needs(TokenScopes.Submit);
        videos.Map("/{**rest}", RefuseOther).Needs(TokenScopes.Read);
    }

    /// <summary>Remixes, edits and characters are refused in OpenAI's form, which its clients show.</summary>
    private static IResult RefuseOther(HttpContext context) => throw new ProblemException(
        404, "not_found",
        $"there is no {context.Request.Method} {context.Request.Path}: of OpenAI's videos this service has create, retrieve, list, " +
        "delete and content");

    private static async Task<IResult> CreateAsync(HttpContext context, JobIntake intake, JobViews views)
    {
        var caller = context.Caller();
        var accepted = await intake.AcceptAsync(caller, context, V1.JobsEndpoints.KeyOf(context), OpenAiDialect.Fields);
        return Show(await views.FindAsync(caller, accepted.JobId));
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, JobViews views, string? after = null, string? limit = null, string? order = null)
    {
        int most = 20;
        if (limit is not null
            && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most is < 1 or > MostListed))
        {
            throw Refused("limit", $"expected 1 to {MostListed}, found '{limit}'");
        }
        if (order is not (null or "desc"))
            throw Refused("order", $"expected desc, since lists begin with the newest video, found '{order}'");
        var caller = context.Caller();
        long? before = after is null ? null : (await views.FindAsync(caller, after)).Order;
        var (jobs, next) = await views.ListAsync(caller, before, most, null, JobFilter.All);
        var shown = jobs.Select(OpenAiVideo.From).ToList();
        return Results.Json(
            new OpenAiList(shown, shown.FirstOrDefault()?.Id, shown.LastOrDefault()?.Id, next is not null), Problems.Json);
    }

    private static async Task<IResult> ContentAsync(
        string id, HttpContext context, JobViews views, IFileStore store, string? variant = null)
    {
        var job = await views.FindAsync(context.Caller(), id);
        if (variant is not (null or "video" or "thumbnail"))
            throw Refused("variant", $"expected video or thumbnail, found '{variant}'");
        if (job.Status is JobStatus.Expired)
            throw new ProblemException(410, "expired", "the video has expired");
        if (job.Result is not { } result)
            throw new ProblemException(409, "not_ready", $"the video is {OpenAiVideo.From(job).Status}");
        string? path = variant == "thumbnail" ? result.ThumbnailPath : result.Path;
        if (path is null || await store.OpenAsync(path, context.RequestAborted) is not { } file)
            throw new ProblemException(404, "not_found", "there is no such file");
        return variant == "thumbnail" ? Results.Stream(file, "image/jpeg") : VideoAnswer.Create(file, job);
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext context, JobViews views, IFileStore store)
    {
        await views.RemoveAsync(context.Caller(), id, store);
        return Results.Json(new OpenAiDeleted(id, "video.deleted", true), Problems.Json);
    }

    private static IResult Show(JobRecord job) => Results.Json(OpenAiVideo.From(job), Problems.Json);

    private static ProblemException Refused(string field, string message) => new(400, JobError.InvalidRequest, $"{field}: {message}")
    {
        Errors = new Dictionary<string, string[]> { [field] = [message] },
    };

    /// <summary>The form of OpenAI's errors, which its clients show to the user.</summary>
    private static OpenAiRefusal Refusal(Problem problem)
    {
        string type = problem.Status switch
        {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            >= 500 => "server_error",
            _ => "invalid_request_error",
        };
        return new OpenAiRefusal(new OpenAiRefusalError(problem.Detail, type, problem.Errors?.Keys.FirstOrDefault(), problem.Code));
    }
}
