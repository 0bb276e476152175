using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Http;
using Locutor.Service.Settings;
using Locutor.Service.Views;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoints that create signed addresses: to download a file of a job, or to submit one job, without a token.</summary>
internal static class LinksEndpoints
{
    private const double DefaultHours = 24;
    private static readonly string[] Files = ["video", "thumbnail", "sound", "captions", "live.mp4"];

    public static void Map(RouteGroupBuilder v1)
    {
        v1.MapGroup("").WithTags("Results").MapPost("/jobs/{id}/links", DownloadAsync).Needs(TokenScopes.Read)
            .Produces<LinkView>().ProducesProblems(400, 401, 404).WithName("createLink")
            .WithSummary("Sign an address of a file of a job")
            .WithDescription(
                "Everyone who has the address can read the file without a token, until it expires or the token is revoked. Add ?download " +
                "to the address to save the file, or ?format= as for the video.");
        v1.MapGroup("").WithTags("Jobs").MapPost("/uploads/links", Upload).Needs(TokenScopes.Submit)
            .Produces<LinkView>().ProducesProblems(400, 401).WithName("createUploadLink")
            .WithSummary("Sign an address that accepts one submission")
            .WithDescription(
                "Everyone who has the address can submit one job as this token, with submitJob or uploadJob, until it expires. A " +
                "repeated submission of equal files and fields gets the same job; a different one is refused.");
    }

    private static async Task<IResult> DownloadAsync(
        string id, LinkBody? body, HttpContext context, JobViews views, SignedLinks links, TimeProvider time, ServeSettings settings)
    {
        var caller = context.Caller();
        var job = await views.FindAsync(caller, id);
        string file = body?.File ?? "video";
        if (!Files.Contains(file))
            throw new ProblemException(400, JobError.InvalidRequest, $"file: expected one of {string.Join(", ", Files)}, found '{file}'");
        return Answer(context, HttpMethods.Get, $"/v1/jobs/{job.Id}/{file}", body, links, time, settings);
    }

    private static IResult Upload(LinkBody? body, HttpContext context, SignedLinks links, TimeProvider time, ServeSettings settings) =>
        Answer(context, HttpMethods.Post, "/v1/jobs", body, links, time, settings);

    private static IResult Answer(
        HttpContext context, string method, string path, LinkBody? body, SignedLinks links, TimeProvider time, ServeSettings settings)
    {
        double hours = body?.Hours ?? DefaultHours;
        if (!(hours > 0 && hours <= SignedLinks.LongestLife.TotalHours))
        {
            throw new ProblemException(
                400, JobError.InvalidRequest, $"hours: expected above 0 and at most {SignedLinks.LongestLife.TotalHours}, found {hours}");
        }
        var lifetime = TimeSpan.FromHours(hours);
        string url = context.Request.Origin(settings) + links.Sign(context.Caller(), method, path, lifetime);
        return Results.Json(new LinkView(url, method, time.GetUtcNow() + lifetime), Problems.Json);
    }
}

/// <summary>The purpose and the lifetime of a signed address. Without a body both have their defaults.</summary>
/// <param name="File">The file of the job: video (the default), thumbnail, sound, captions or live.mp4.</param>
/// <param name="Hours">Hours until the address expires: at most 720. Default: 24.</param>
internal sealed record LinkBody(string? File, double? Hours);

/// <summary>A signed address.</summary>
/// <param name="Method">The HTTP method for which it works.</param>
internal sealed record LinkView(string Url, string Method, DateTimeOffset ExpiresAt);
