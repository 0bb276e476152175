using System.ComponentModel;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Http;
using Microsoft.AspNetCore.Mvc;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoints of operators: the jobs of all tokens, and orders to workers.</summary>
internal static class OperateEndpoints
{
    private const int UsualJobs = 50, MostJobs = 200;

    public static void Map(RouteGroupBuilder v1)
    {
        var service = v1.MapGroup("").WithTags("Service");
        service.MapGet("/operate/jobs", JobsAsync).Needs(TokenScopes.Operate).Produces<OperatedJobsView>()
            .ProducesProblems(400, 401, 403).WithName("listAllJobs").WithSummary("The latest jobs of all tokens, newest first")
            .WithDescription("Without prompts, inputs and results, which belong to the owners of the jobs.");
        service.MapPost("/workers/orders", TellAsync).Needs(TokenScopes.Operate).Produces(204).ProducesProblems(400, 401, 403, 404)
            .WithName("orderWorker").WithSummary("Pause, resume or retire a worker")
            .WithDescription(
                "pause: it finishes its job and takes no others; work: it takes jobs again; retire: it finishes its job or hands it " +
                "back, and ends until the service starts again. A worker obeys within seconds.");
    }

    private static async Task<IResult> JobsAsync(
        IGrainFactory grains, TokenStore tokens, [FromQuery, Description("1 to 200. Default: 50.")] int? limit = null)
    {
        int most = limit ?? UsualJobs;
        if (most is < 1 or > MostJobs)
            throw new ProblemException(400, JobError.InvalidRequest, $"limit: expected 1 to {MostJobs}, found {most}");
        string[] owners = await grains.GetGrain<IOwnersGrain>(IOwnersGrain.Key).ListAsync();
        var listings = await Task.WhenAll(owners.Select(owner => grains.GetGrain<ITokenIndexGrain>(owner).ListAsync(null, most, null)));
        var latest = listings.SelectMany(listing => listing.Entries).OrderByDescending(entry => entry.Order).Take(most);
        var jobs = await Task.WhenAll(latest.Select(entry => grains.GetGrain<IJobGrain>(entry.Id).GetAsync()));
        var names = tokens.List().ToDictionary(token => token.KeyId, token => token.Name, StringComparer.Ordinal);
        var views = jobs.OfType<JobRecord>().Select(job => OperatedJobView.From(job, names.GetValueOrDefault(job.Owner)));
        return Results.Json(new OperatedJobsView([.. views]), Problems.Json);
    }

    private static async Task<IResult> TellAsync(OrderBody body, IGrainFactory grains)
    {
        var order = body.Order switch
        {
            "work" => WorkerOrder.Work,
            "pause" => WorkerOrder.Pause,
            "retire" => WorkerOrder.Retire,
            _ => throw new ProblemException(
                400, JobError.InvalidRequest, $"order: expected work, pause or retire, found '{body.Order}'"),
        };
        return await grains.GetGrain<IQueueGrain>(IQueueGrain.Key).TellAsync(body.Id ?? "", order)
            ? Results.NoContent()
            : throw new ProblemException(404, "not_found", "there is no such worker");
    }
}

/// <summary>An order to a worker.</summary>
/// <param name="Id">The id of the worker.</param>
/// <param name="Order">work, pause or retire.</param>
internal sealed record OrderBody(string? Id, string? Order);

/// <summary>The latest jobs of all tokens.</summary>
internal sealed record OperatedJobsView(IReadOnlyList<OperatedJobView> Jobs);

/// <summary>A job as operators see it: without its inputs and results.</summary>
/// <param name="Token">The key id of the owner.</param>
/// <param name="TokenName">The name of the owner's token; null when the token is unknown.</param>
/// <param name="Worker">The id of the latest worker.</param>
/// <param name="Code">The code of the failure; null for other jobs.</param>
/// <param name="Message">The message of the failure.</param>
internal sealed record OperatedJobView(
    string Id, string Token, string? TokenName, JobStatus Status, double Percent, string? Model, int Attempt, string? Worker,
    string? Code, string? Message, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt)
{
    public static OperatedJobView From(JobRecord job, string? name) => new(
        job.Id, job.Owner, name, job.Status, job.Status is JobStatus.Succeeded ? 100 : Math.Round(job.Progress?.Percent ?? 0, 1),
        job.Request.ModelName, job.Attempt, job.Worker, job.Error?.Code, job.Error?.Message, job.CreatedAt, job.StartedAt,
        job.FinishedAt);
}
