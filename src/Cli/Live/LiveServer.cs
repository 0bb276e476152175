using System.Diagnostics;
using Locutor.Files;
using Locutor.Media.Video.Segments;
using Locutor.Service.Live;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Locutor.Cli.Live;

/// <summary>
/// Serves the video on a loopback address while it is made: <c>/live.m3u8</c> and <c>/live.mp4</c>. Segments are in a temporary folder.
/// </summary>
internal sealed class LiveServer : ILiveTarget
{
    /// <summary>
    /// A finished video is served until no player has sent a request for this time: before and after its end was fetched.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1), Farewell = TimeSpan.FromSeconds(3);

    private readonly TemporaryFolder folder = TemporaryFolder.Create();
    private readonly WebApplication app;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LiveIndex? index;
    private bool ended, seenToEnd;
    private long? asked;

    private LiveServer()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        app = builder.Build();
        app.Use(GuardAsync);
        app.MapGet("/live.m3u8", PlaylistAsync);
        app.MapGet("/live.mp4", StreamAsync);
        app.MapGet("/live/{name}", Part);
    }

    public string Url => app.Urls.First() + "/live.m3u8";

    public static async Task<LiveServer> StartAsync(CancellationToken cancellationToken)
    {
        var server = new LiveServer();
        await server.app.StartAsync(cancellationToken);
        return server;
    }

    public async Task PublishAsync(VideoSegment segment, CancellationToken cancellationToken)
    {
        var before = index ?? new LiveIndex { Video = segment.Video };
        string name = $"{before.Segments.Length:D5}.m4s";
        if (before.Segments.Length == 0) await File.WriteAllBytesAsync(PathOf("header.mp4"), segment.Header, cancellationToken);
        await File.WriteAllBytesAsync(PathOf(name), segment.Media, cancellationToken);
        index = before with { Segments = [.. before.Segments, new LiveSegment(name, "header.mp4", segment.Frames)] };
        Wake();
    }

    public async Task EndAsync(CancellationToken cancellationToken)
    {
        ended = true;
        Wake();
        while (asked is { } last && Stopwatch.GetElapsedTime(last) < (seenToEnd ? Farewell : Patience))
            await Task.Delay(200, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        ended = true;
        Wake();
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
        folder.Dispose();
    }

    /// <summary>Answers only requests for a loopback host name, so that no web page reaches the video through its own DNS name.</summary>
    private Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        asked = Stopwatch.GetTimestamp();
        if (context.Request.Host.Host is "127.0.0.1" or "localhost") return next(context);
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }

    private async Task<IResult> PlaylistAsync(CancellationToken cancellationToken)
    {
        // The task is taken before the state is read, so that no change is missed.
        for (var waiting = changed.Task; index is null && !ended; waiting = changed.Task) await waiting.WaitAsync(cancellationToken);
        bool over = ended; // read before the list, which is complete by then
        return index is { } known ? Results.Text(LivePlaylist.Write(known, over), LivePlaylist.ContentType) : Results.NotFound();
    }

    private IResult Part(string name)
    {
        seenToEnd |= ended && name == index?.Segments[^1].Name;
        return File.Exists(PathOf(name)) ? Results.File(PathOf(name), "video/mp4") : Results.NotFound();
    }

    private async Task StreamAsync(HttpContext context)
    {
        context.Response.ContentType = "video/mp4";
        for (int sent = 0; ;)
        {
            var (waiting, over, segments) = (changed.Task, ended, index?.Segments ?? []);
            foreach (var segment in segments[sent..])
            {
                if (sent++ == 0) await context.Response.SendFileAsync(PathOf(segment.Header), context.RequestAborted);
                await context.Response.SendFileAsync(PathOf(segment.Name), context.RequestAborted);
                asked = Stopwatch.GetTimestamp();
            }
            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (over)
            {
                seenToEnd = true;
                return;
            }
            await waiting.WaitAsync(context.RequestAborted);
        }
    }

    private void Wake()
    {
        var waiting = changed;
        changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.TrySetResult();
    }

    private string PathOf(string name) => Path.Combine(folder.Path, Path.GetFileName(name));
}
