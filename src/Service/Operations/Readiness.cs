using Locutor.Jobs.Grains;
using Locutor.Jobs.Tokens;
using Locutor.Service.Availability;
using Locutor.Service.Files;
using Locutor.Service.Settings;
using Locutor.Service.Workers;

namespace Locutor.Service.Operations;

/// <summary>Checks whether a load balancer should send requests to this node, and gives the reasons when not.</summary>
internal sealed partial class Readiness(
    IGrainFactory grains, TokenStore tokens, DiskQuota quota, Drain drain, ServeSettings settings, TimeProvider time,
    ILogger<Readiness> logger) : BackgroundService
{
    private const string Loading = "queue: loading the open jobs";
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstBeat = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan QueueMoves = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan WorkersStart = TimeSpan.FromMinutes(2);

    private readonly long started = time.GetTimestamp();
    private long? queueLost;
    private bool begun;
    private volatile string[] found = ["starting"];

    /// <summary>The reasons why the service is not ready; empty when it is.</summary>
    public IReadOnlyList<string> Reasons => drain.HasBegun ? ["draining: the service is about to stop", .. found] : found;

    public static IResult Answer(Readiness readiness, HttpContext context)
    {
        var reasons = readiness.Reasons;
        if (reasons.Count == 0)
            return Results.Text("ready");
        context.Response.Headers.RetryAfter = "2";
        return Results.Text(string.Join('\n', reasons), statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Answers the load balancer of RunPod: 200 when the service accepts requests, 204 while it starts or drains.</summary>
    public static IResult Ping(Readiness readiness) => readiness.Reasons.Count == 0 ? Results.Ok() : Results.NoContent();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var (queue, database) = (QueueAsync(), DatabaseAsync());
            string[] found = [.. new[] { Lasting(await queue), await database, Disk() }.OfType<string>()];
            if (!found.SequenceEqual(this.found) && !drain.HasBegun)
                Log(found);
            this.found = found;
            await Task.Delay(found.Length == 0 ? Beat : FirstBeat, time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Ignores a short outage of the queue. While the queue moves to another node, reads are still answered. If this counted, no node of a
    /// cluster would be ready while one of them stops.
    /// </summary>
    private string? Lasting(string? reason)
    {
        if (reason is null)
            queueLost = null;
        else
            queueLost ??= time.GetTimestamp();
        begun |= reason is null;
        return begun && queueLost is { } since && time.GetElapsedTime(since) < QueueMoves ? null : reason;
    }

    private async Task<string?> QueueAsync()
    {
        try
        {
            var queue = await grains.GetGrain<IQueueGrain>(IQueueGrain.Key).StatisticsAsync().WaitAsync(Patience, time);
            if (!queue.Ready)
                return Loading;
            bool expected = settings.Workers != "none" && time.GetElapsedTime(started) > WorkersStart;
            return expected && queue.Workers == 0
                ? $"workers: none has been seen for {WorkersStart.TotalMinutes:0} minutes, expected " +
                    $"{string.Join(", ", WorkerSupervisor.Devices(settings))}"
                : null;
        }
        catch (Exception exception)
        {
            return $"queue: no answer ({exception.GetType().Name})";
        }
    }

    private async Task<string?> DatabaseAsync()
    {
        try
        {
            await Task.Run(tokens.Check).WaitAsync(Patience, time);
            return null;
        }
        catch (Exception exception)
        {
            return $"database: no answer ({exception.GetType().Name})";
        }
    }

    private string? Disk() => quota.IsFull ? "disk: no space for more inputs and results" : null;

    private void Log(string[] found)
    {
        if (found.Length == 0)
        {
            LogReady();
            return;
        }
        string reasons = string.Join("; ", found);
        // Every start loads the open jobs: that needs no warning.
        LogNotReady(!begun && found is [Loading] ? LogLevel.Information : LogLevel.Warning, reasons);
    }

    [LoggerMessage(LogLevel.Information, "ready for requests")]
    private partial void LogReady();

    [LoggerMessage("not ready for requests: {Reasons}")]
    private partial void LogNotReady(LogLevel level, string reasons);
}
