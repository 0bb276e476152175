using System.Security.Cryptography;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Availability;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Locutor.Service.Views;

namespace Locutor.Service.Api.Modal;

/// <summary>
/// The endpoints of the predecessor: submit, poll and fetch. The predecessor had one host for each. Here the HTTP method selects the
/// endpoint, and the old host names also work, so old scripts need at most a new host name.
/// </summary>
public sealed class ModalEndpoints(
    IGrainFactory grains, InputStore inputs, ModelCatalog catalog, JobSubmitter submitter, IFileStore store, TimeProvider time,
    ServeSettings settings)
{
    private const int PollSeconds = 2;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/", (HttpContext context, ModalEndpoints seed) => seed.SubmitAsync(context))
            .Needs(TokenScopes.Submit, RefusalStyle.Proxy).ExcludeFromDescription();
        routes.MapMethods("/", ["GET", "HEAD"], (HttpContext context, ModalEndpoints seed) => seed.ResultAsync(context))
            .WithMetadata(new SeedResult()).Needs(TokenScopes.Read, RefusalStyle.Proxy).ExcludeFromDescription();
    }

    private async Task SubmitAsync(HttpContext context)
    {
        var caller = context.Caller();
        try
        {
            var body = await ModalBody.ReadAsync(context.Request, (long)(settings.MaxJsonMb * 1e6), context.RequestAborted);
            await submitter.CheckLimitsAsync(caller, context.Response);
            string? key = context.Request.Headers["Idempotency-Key"].FirstOrDefault();
            string hash = Convert.ToHexStringLower(SHA256.HashData(body.Raw));
            var accepted = await submitter.FindAsync(caller, key, hash)
                ?? await AcceptAsync(caller, body, key, hash, context.RequestAborted);
            await context.Response.WriteAsJsonAsync(
                new Dictionary<string, string> { ["call_id"] = accepted.JobId }, context.RequestAborted);
        }
        catch (ModalException refusal)
        {
            await refusal.WriteAsync(context);
        }
        catch (ProblemException problem)
        {
            if (problem.RetryAfter is { } seconds)
                context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await new ModalException(problem.Status, problem.Message).WriteAsync(context);
        }
    }

    private async Task<Accepted> AcceptAsync(Token caller, ModalBody body, string? key, string hash, CancellationToken cancellationToken)
    {
        var asked = ModalRequest.Resolve(body, catalog.Find);
        string id = JobId.New();
        var stored = new List<JobInput>();
        try
        {
            stored.Add(await StoreAsync(id, "image", body.Image, ExpectedMedia.PictureOrVideo, cancellationToken));
            stored.Add(await StoreAsync(id, "audio", body.Audio1, ExpectedMedia.Sound, cancellationToken));
            if (body.Audio2 is { } second)
                stored.Add(await StoreAsync(id, "audio2", second, ExpectedMedia.Sound, cancellationToken));
        }
        catch
        {
            await store.RemoveAsync(id, CancellationToken.None);
            throw;
        }
        var request = StoredRequest.Store(asked.Request) with { Inputs = [.. stored] };
        return await submitter.SubmitAsync(caller, id, request, key, hash);
    }

    private async Task<JobInput> StoreAsync(
        string id, string field, string url, ExpectedMedia expected, CancellationToken cancellationToken)
    {
        try
        {
            return await inputs.FetchAsync(id, field, url, expected, cancellationToken);
        }
        catch (WrongKindException wrong)
        {
            throw new ModalException(400, $"Invalid file type. Expected {wrong.Expected}, but got {wrong.Found}");
        }
        catch (InputException unfit) when (unfit.Code is JobError.UnsupportedMedia or JobError.AudioTooShort)
        {
            throw new ModalException(
                400, $"Invalid file type. Expected {MediaInspector.Name(expected)}, but got a file that is {unfit.Message}");
        }
        catch (InputException failed)
        {
            string shown = DataUrl.Is(url) || url.Length > 512 ? url[..Math.Min(url.Length, 64)] + "..." : url;
            throw new ModalException(400, $"Failed to download from URL {shown}: {failed.Message}");
        }
    }

    private async Task ResultAsync(HttpContext context)
    {
        string? id = context.Request.Query["call_id"].FirstOrDefault();
        if (id is null)
        {
            await ModalException.MissingQuery("call_id").WriteAsync(context);
            return;
        }
        var job = JobId.IsValid(id) ? await Outage.RetryAsync(grains.GetGrain<IJobGrain>(id).GetAsync, context.RequestAborted) : null;
        if (job is null || job.Owner != context.Caller().KeyId)
            await new ModalException(404, $"There is no call {(JobId.IsValid(id) ? $"'{id}'" : "of that id")}").WriteAsync(context);
        else
            await AnswerAsync(context, job);
    }

    private async Task AnswerAsync(HttpContext context, JobRecord job)
    {
        bool kept = job.Status is JobStatus.Succeeded && job.ExpiresAt > time.GetUtcNow();
        if (kept && await store.OpenAsync(job.Result!.Path, context.RequestAborted) is { } video)
        {
            context.Response.Headers.ContentDisposition = $"attachment; filename=\"{job.Id}.mp4\"";
            await VideoAnswer.Create(video, job).ExecuteAsync(context);
            return;
        }
        switch (job.Status)
        {
            case JobStatus.Queued or JobStatus.Running:
                context.Response.StatusCode = StatusCodes.Status202Accepted;
                context.Response.Headers.RetryAfter = PollSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
                break;
            case JobStatus.Failed:
                await new ModalException(500, job.Error!.Message).WriteAsync(context);
                break;
            case JobStatus.Canceled:
                await new ModalException(410, "The call was canceled").WriteAsync(context);
                break;
            default:
                await new ModalException(410, "The result has expired").WriteAsync(context);
                break;
        }
    }
}

/// <summary>Metadata of the endpoint that shares its address with the web page.</summary>
internal sealed record SeedResult;
