using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Nodes;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Submissions;
using Locutor.Service.Views;
using Microsoft.AspNetCore.Mvc;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoints of jobs under <c>/v1/jobs</c>.</summary>
internal static class JobsEndpoints
{
    private const int MostListed = 100;
    private const int LongestKey = 255;

    public static void Map(RouteGroupBuilder v1)
    {
        var jobs = v1.MapGroup("/jobs").WithTags("Jobs");
        jobs.MapPost("", SubmitAsync).Needs(TokenScopes.Submit)
            .Accepts<JsonObject>("application/json", "multipart/form-data")
            .Produces<JobView>(StatusCodes.Status202Accepted).ProducesProblems(400, 401, 408, 409, 413, 415, 422, 429, 503)
            .WithName("submitJob").WithSummary("Submit a job")
            .WithDescription(
                "JSON with URLs (http, https or data). The answer is sent after the job is stored; an accepted job is never lost. The " +
                "address also accepts the form of uploadJob.");
        jobs.MapPost("/upload", SubmitAsync).Needs(TokenScopes.Submit)
            .Accepts<JsonObject>("multipart/form-data")
            .Produces<JobView>(StatusCodes.Status202Accepted).ProducesProblems(400, 401, 408, 409, 413, 415, 422, 429, 503)
            .WithName("uploadJob").WithSummary("Submit a job with files")
            .WithDescription("A form with files, or with URLs as text. All other fields are those of submitJob.");
        jobs.MapGet("", ListAsync).Needs(TokenScopes.Read).Produces<JobListView>().ProducesProblems(400, 401)
            .WithName("listJobs").WithSummary("List jobs, newest first")
            .WithDescription(
                "?metadata.NAME=VALUE lists only jobs with this metadata; several are combined. A page of a filtered list may be short " +
                "or empty although more jobs follow: continue while there is a next_cursor.");
        jobs.MapGet("/{id}", async (string id, HttpContext context, JobViews views) =>
                Results.Json(await views.ShowAsync(await views.FindAsync(context.Caller(), id)), Problems.Json))
            .Needs(TokenScopes.Read).Produces<JobView>().ProducesProblems(401, 404).WithName("getJob").WithSummary("Get a job");
        jobs.MapPost("/{id}/cancel", CancelAsync).Needs(TokenScopes.Submit).Produces<JobView>().ProducesProblems(401, 404)
            .WithName("cancelJob").WithSummary("Cancel a job").WithDescription("A job that has ended does not change.");
        jobs.MapPost("/{id}/again", AgainAsync).Needs(TokenScopes.Submit).Produces<JobView>(StatusCodes.Status202Accepted)
            .ProducesProblems(400, 401, 404, 410, 422, 429, 503).WithName("repeatJob").WithSummary("Submit a job again")
            .WithDescription(
                "With the stored inputs and all fields of the job. A seed may be given; otherwise a new seed is chosen, which gives " +
                "a variation of the video.");
        jobs.MapPost("/{id}/webhook", ResendWebhookAsync).Needs(TokenScopes.Submit).Produces<JobView>().ProducesProblems(401, 404, 409)
            .WithName("resendWebhook").WithSummary("Send the webhook of a job again")
            .WithDescription("For a job that has ended. The field webhook of the job tells the result of the last attempt.");
        jobs.MapDelete("/{id}", DeleteAsync).Needs(TokenScopes.Submit).Produces(StatusCodes.Status204NoContent).ProducesProblems(401, 404)
            .WithName("deleteJob").WithSummary("Delete a job and its files").WithDescription("A job that has not ended is canceled first.");
        jobs.MapGet("/{id}/events", JobEvents.StreamAsync).Needs(TokenScopes.Read).Produces(200, contentType: "text/event-stream")
            .ProducesProblems(401, 404).WithName("watchJob").WithSummary("Follow a job as server-sent events")
            .WithDescription(
                "Each event contains the whole job. The stream continues after Last-Event-ID and ends with the job. Status 204 without a " +
                "body means that the job has ended and its last event was received.");
    }

    private static async Task<IResult> SubmitAsync(HttpContext context, JobIntake intake, JobViews views)
    {
        var caller = context.Caller();
        return await AcceptedAsync(context, await intake.AcceptAsync(caller, context, KeyOf(context)), views);
    }

    private static async Task<IResult> AgainAsync(
        string id, [FromQuery, Description("Seed of the new job. Default: a new seed.")] long? seed, HttpContext context,
        JobViews views, JobSubmitter submitter, JobRepeater repeater)
    {
        var caller = context.Caller();
        await submitter.CheckLimitsAsync(caller, context.Response);
        if (seed is < 0 or > VideoFields.LargestSeed)
            throw new ProblemException(400, JobError.InvalidRequest, $"seed: expected 0 to {VideoFields.LargestSeed}, found {seed}");
        var job = await views.FindAsync(caller, id);
        return await AcceptedAsync(
            context, await repeater.SubmitAsync(caller, job, seed, KeyOf(context), context.RequestAborted), views);
    }

    private static async Task<IResult> AcceptedAsync(HttpContext context, Accepted accepted, JobViews views)
    {
        context.Response.Headers.Location = $"/v1/jobs/{accepted.JobId}";
        context.Response.Headers.RetryAfter = "2";
        if (accepted.Repeated)
            context.Response.Headers["Idempotency-Replayed"] = "true";
        return Results.Json(
            await views.ShowAsync(await views.FindAsync(context.Caller(), accepted.JobId)), Problems.Json, statusCode: 202);
    }

    /// <summary>Returns the idempotency key of a submission; null when it has none.</summary>
    internal static string? KeyOf(HttpContext context)
    {
        // A signed upload address accepts one job, so its text takes the place of the key.
        if (context.Features.Get<SignedLink>() is { Once: { } once })
            return $"link-{once}";
        string? key = context.Request.Headers["Idempotency-Key"].FirstOrDefault();
        return key is not { Length: 0 or > LongestKey }
            ? key
            : throw new ProblemException(400, JobError.InvalidRequest, $"expected an Idempotency-Key of 1 to {LongestKey} characters");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, JobViews views,
        [FromQuery, Description("The next_cursor of the previous page; the list continues there.")] string? cursor = null,
        [FromQuery, Description("1 to 100.")] string? limit = null,
        [FromQuery, Description("queued, running, succeeded, failed, canceled or expired.")] string? status = null,
        [FromQuery(Name = "created_after"), Description("A time with its zone: only jobs from then on.")] string? createdAfter = null,
        [FromQuery(Name = "created_before"), Description("A time with its zone: only earlier jobs.")] string? createdBefore = null)
    {
        int most = 20;
        if (limit is not null
            && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most is < 1 or > MostListed))
        {
            throw new ProblemException(400, JobError.InvalidRequest, $"limit: expected 1 to {MostListed}, found '{limit}'");
        }

        long before = 0;
        if (cursor is not null && !long.TryParse(cursor, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out before))
            throw new ProblemException(400, JobError.InvalidRequest, "cursor: expected the next_cursor of an earlier listing");
        JobStatus? wanted = null;
        if (status is not null)
        {
            var known = Enum.GetValues<JobStatus>()
                .Where(one => status == System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(one.ToString())).ToArray();
            wanted = known.Length == 1
                ? known[0]
                : throw new ProblemException(
                    400, JobError.InvalidRequest, "status: expected queued, running, succeeded, failed, canceled or expired");
        }
        var caller = context.Caller();
        var (records, next) = await views.ListAsync(
            caller, cursor is null ? null : before, most, wanted, JobFilter.From(context.Request.Query, createdAfter, createdBefore));
        var shown = new List<JobView>();
        foreach (var record in records)
        {
            var view = await views.ShowAsync(record);
            shown.Add(view with { Progress = view.Progress with { Preview = null } });
        }
        return Results.Json(new JobListView(shown, next?.ToString("x", CultureInfo.InvariantCulture)), Problems.Json);
    }

    private static async Task<IResult> CancelAsync(string id, HttpContext context, JobViews views, DataFolder folder)
    {
        await views.FindAsync(context.Caller(), id);
        var job = await views.Grain(id).CancelAsync() ?? throw new ProblemException(404, "not_found", "there is no such job");
        // If a worker has the job, the worker removes the unfinished work itself.
        if (job is { Status: JobStatus.Canceled, Worker: null })
            folder.RemoveWork(id);
        if (job.Status is JobStatus.Canceled)
            await views.EndPartsAsync(job);
        return Results.Json(await views.ShowAsync(job), Problems.Json);
    }

    private static async Task<IResult> ResendWebhookAsync(string id, HttpContext context, JobViews views)
    {
        var job = await views.FindAsync(context.Caller(), id);
        if (job.Request.Webhook is null)
            throw new ProblemException(409, "no_webhook", "the job was submitted without a webhook");
        job = await views.Grain(id).ResendWebhookAsync()
            ?? throw new ProblemException(409, "not_ready", "the job has not ended; its webhook is sent when it ends");
        return Results.Json(await views.ShowAsync(job), Problems.Json);
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext context, JobViews views, IFileStore store)
    {
        await views.RemoveAsync(context.Caller(), id, store);
        return Results.NoContent();
    }

    /// <summary>Documents the error responses of an endpoint.</summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder builder, params int[] statuses)
    {
        foreach (int status in statuses)
            builder.Produces<Problem>(status, "application/problem+json");
        return builder;
    }
}
