using System.Globalization;
using System.Text.Json;
using Locutor.Jobs.Records;
using Locutor.Service.Access;
using Locutor.Service.Http;
using Locutor.Service.Views;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoint that sends the progress of a job as server-sent events.</summary>
internal static class JobEvents
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan QueueBeat = TimeSpan.FromSeconds(2);

    public static async Task StreamAsync(string id, HttpContext context, JobViews views, IHostApplicationLifetime life)
    {
        var job = await views.FindAsync(context.Caller(), id);
        _ = long.TryParse(
            context.Request.Headers["Last-Event-ID"].FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out long seen);
        if (job.Status.IsTerminal() && job.Version <= seen)
        {
            // The client has seen every event. Status 204 keeps a browser from connecting again.
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        // A service that stops closes the streams at once; clients connect again after it has restarted.
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, life.ApplicationStopping);
        try
        {
            await FollowAsync(context, views, job, seen, over.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The client has disconnected, or the service stops.
        }
    }

    private static async Task FollowAsync(
        HttpContext context, JobViews views, JobRecord job, long seen, CancellationToken cancellationToken)
    {
        await context.Response.WriteAsync("retry: 2000\n\n", cancellationToken);
        int? position = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            var view = await views.ShowAsync(job);
            if (job.Version > seen || (position is not null && (view.Progress.QueuePosition ?? 0) != position))
            {
                await WriteAsync(context, view, Math.Max(seen, job.Version), cancellationToken);
                seen = Math.Max(seen, job.Version);
            }
            else
            {
                await context.Response.WriteAsync(": still here\n\n", cancellationToken);
            }
            position = view.Progress.QueuePosition ?? 0;
            await context.Response.Body.FlushAsync(cancellationToken);
            if (job.Status.IsTerminal())
                return;
            var next = await views.WaitAsync(job.Id, seen, job.Status is JobStatus.Queued ? QueueBeat : Beat, cancellationToken);
            if (next is null)
                return;
            job = next;
        }
    }

    private static Task WriteAsync(HttpContext context, JobView view, long version, CancellationToken cancellationToken)
    {
        string name = view.Status.IsTerminal() ? "ended" : "progress";
        return context.Response.WriteAsync(
            $"id: {version}\nevent: {name}\ndata: {JsonSerializer.Serialize(view, Problems.Json)}\n\n", cancellationToken);
    }
}
