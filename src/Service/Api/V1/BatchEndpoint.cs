using System.Globalization;
using System.Text;
using System.Text.Json;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Http;
using Locutor.Service.Submissions;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoint that accepts many submissions in one request.</summary>
internal static class BatchEndpoint
{
    private const int MostJobs = 100;
    private const int LongestKey = 250;

    public static void Map(RouteGroupBuilder v1) => v1.MapGroup("").WithTags("Jobs").MapPost("/batches", SubmitAsync)
        .Needs(TokenScopes.Submit).Accepts<BatchBody>("application/json").Produces<BatchView>().ProducesProblems(400, 401, 413)
        .WithName("submitBatch").WithSummary("Submit many jobs")
        .WithDescription(
            $"Up to {MostJobs} submissions in JSON, in the form of submitJob. Each is accepted or refused separately and counts for the " +
            "limits of the token. With an Idempotency-Key the whole request can be repeated: accepted jobs are not created again.");

    private static async Task<IResult> SubmitAsync(HttpContext context, SubmissionReader reader, JobIntake intake)
    {
        using var json = SubmissionText.Parse(await reader.ReadBodyAsync(context.Request, context.RequestAborted));
        if (!json.RootElement.TryGetProperty("jobs", out var jobs) || jobs.ValueKind is not JsonValueKind.Array
            || jobs.GetArrayLength() is < 1 or > MostJobs)
        {
            throw new ProblemException(400, JobError.InvalidRequest, $"jobs: expected 1 to {MostJobs} submissions");
        }
        string? key = JobsEndpoints.KeyOf(context);
        if (key?.Length > LongestKey)
            throw new ProblemException(400, JobError.InvalidRequest, $"expected an Idempotency-Key of at most {LongestKey} characters");
        var results = new List<BatchResult>();
        foreach (var job in jobs.EnumerateArray())
        {
            string? own = key is null ? null : string.Create(CultureInfo.InvariantCulture, $"{key}/{results.Count}");
            results.Add(await AcceptAsync(context, intake, job, own));
        }
        return Results.Json(new BatchView(results), Problems.Json);
    }

    private static async Task<BatchResult> AcceptAsync(HttpContext context, JobIntake intake, JsonElement job, string? key)
    {
        try
        {
            var accepted = await intake.AcceptJsonAsync(context.Caller(), context, Encoding.UTF8.GetBytes(job.GetRawText()), key);
            return new BatchResult(accepted.JobId, accepted.Repeated, null);
        }
        catch (ProblemException problem)
        {
            return new BatchResult(null, false, Problems.Create(context, problem));
        }
    }
}

/// <summary>Submissions, each in the form of submitJob.</summary>
internal sealed record BatchBody(IReadOnlyList<Dictionary<string, JsonElement>> Jobs);

/// <summary>The answers, in the order of the submissions.</summary>
internal sealed record BatchView(IReadOnlyList<BatchResult> Jobs);

/// <summary>The answer to one submission of a batch.</summary>
/// <param name="Id">The id of the job; null when it was refused.</param>
/// <param name="Repeated">Whether an earlier request with this Idempotency-Key created the job.</param>
/// <param name="Problem">Why the submission was refused; null when it was accepted.</param>
internal sealed record BatchResult(string? Id, bool Repeated, Problem? Problem);
