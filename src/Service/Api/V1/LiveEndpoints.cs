using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Live;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoints that send the video of a job while it is made.</summary>
internal static class LiveEndpoints
{
    private static readonly string[] Methods = ["GET", "HEAD"];

    public static void Map(RouteGroupBuilder v1)
    {
        var live = v1.MapGroup("/jobs/{id}").WithTags("Results");
        live.MapMethods("/live.m3u8", Methods, PlaylistAsync).Needs(TokenScopes.Read)
            .Produces(200, contentType: LivePlaylist.ContentType).ProducesProblems(401, 404, 409, 410)
            .WithName("getLivePlaylist").WithSummary("The video while it is made, as an HLS playlist")
            .WithDescription(
                "One segment of fragmented MP4 for each finished clip. The playlist grows while the job runs and ends with EXT-X-ENDLIST. "
                + "A request before the first clip waits for it, at most 50 s.");
        live.MapMethods("/live/{name}", Methods, PartAsync).Needs(TokenScopes.Read)
            .Produces(200, contentType: "video/mp4").ProducesProblems(401, 404, 410)
            .WithName("getLivePart").WithSummary("A part of the HLS playlist");
        live.MapMethods("/live.mp4", Methods, StreamAsync).Needs(TokenScopes.Read)
            .Produces(200, contentType: "video/mp4").ProducesProblems(401, 404, 409, 410)
            .WithName("getLiveVideo").WithSummary("The video while it is made, as one growing file")
            .WithDescription("Fragmented MP4. The answer ends with the job.");
    }

    private static async Task<IResult> PlaylistAsync(string id, HttpContext context, LiveVideos live)
    {
        var (index, job) = await live.FirstAsync(await live.FindAsync(context.Caller(), id), context.RequestAborted);
        context.Response.Headers.CacheControl = "no-cache";
        return Results.Text(LivePlaylist.Write(index, job.Status.IsTerminal()), LivePlaylist.ContentType);
    }

    private static async Task<IResult> PartAsync(string id, string name, HttpContext context, LiveVideos live)
    {
        var part = await live.OpenAsync(await live.FindAsync(context.Caller(), id), name, context.RequestAborted);
        context.Response.Headers.CacheControl = "private, max-age=3600, immutable";
        return Results.Stream(part, "video/mp4", enableRangeProcessing: true);
    }

    private static async Task StreamAsync(string id, HttpContext context, LiveVideos live, IHostApplicationLifetime life)
    {
        var (index, job) = await live.FirstAsync(await live.FindAsync(context.Caller(), id), context.RequestAborted);
        context.Response.ContentType = "video/mp4";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        if (HttpMethods.IsHead(context.Request.Method)) return;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, life.ApplicationStopping);
        try
        {
            await SendAsync(context.Response.Body, live, job, index.Segments, over.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The client has disconnected, or the service stops. The file must not look complete.
            context.Abort();
        }
    }

    private static async Task SendAsync(
        Stream body, LiveVideos live, JobRecord job, IEnumerable<LiveSegment> segments, CancellationToken cancellationToken)
    {
        string? header = null;
        for (int sent = 0; segments.Any(); (segments, job) = await live.FollowAsync(job, sent, cancellationToken))
        {
            foreach (var segment in segments)
            {
                if (segment.Header != header)
                    await CopyAsync(segment.Header);
                header = segment.Header;
                await CopyAsync(segment.Name);
                sent++;
            }
            await body.FlushAsync(cancellationToken);
        }

        async Task CopyAsync(string name)
        {
            await using var part = await live.OpenAsync(job, name, cancellationToken);
            await part.CopyToAsync(body, cancellationToken);
        }
    }
}
