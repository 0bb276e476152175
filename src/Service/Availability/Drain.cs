using System.Runtime.InteropServices;
using Locutor.Service.Settings;

namespace Locutor.Service.Availability;

/// <summary>
/// The graceful stop of the service. After the request to stop, new jobs are refused and workers finish their jobs; all other requests
/// are still answered.
/// </summary>
public sealed class Drain : IDisposable
{
    private readonly CancellationTokenSource begun = new();
    private readonly TaskCompletionSource workersEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int asked;

    public bool HasBegun => begun.IsCancellationRequested;

    public CancellationToken Begun => begun.Token;

    /// <summary>Completes when the workers of this service have ended.</summary>
    public Task WorkersEnded => workersEnded.Task;

    /// <summary>Starts the graceful stop. Returns false when it had already started.</summary>
    public bool Begin()
    {
        if (Interlocked.Exchange(ref asked, 1) == 1)
            return false;
        begun.Cancel();
        return true;
    }

    public void EndWorkers() => workersEnded.TrySetResult();

    public void Dispose() => begun.Dispose();
}

/// <summary>Stops the service on SIGTERM or Ctrl-C. The first signal starts a graceful stop, a second signal stops at once.</summary>
internal sealed partial class DrainLifetime(
    Drain drain, IHostApplicationLifetime life, ServeSettings settings, TimeProvider time, ILogger<DrainLifetime> logger)
    : IHostLifetime, IDisposable
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(20);

    private readonly List<PosixSignalRegistration> signals = [];

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT })
            signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        LogStopped();
        return Task.CompletedTask;
    }

    public void Dispose() => signals.ForEach(signal => signal.Dispose());

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (drain.Begin())
        {
            LogBegun(settings.DrainSeconds);
            _ = Task.Run(DrainAsync);
            return;
        }
        LogAgain();
        life.StopApplication();
    }

    private async Task DrainAsync()
    {
        var notice = Task.Delay(TimeSpan.FromSeconds(settings.NoticeSeconds), time);
        await drain.WorkersEnded.WaitAsync(TimeSpan.FromSeconds(settings.DrainSeconds) + Slack, time)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (drain.WorkersEnded.IsCompleted)
            LogEnded();
        else
            LogNotEnded();
        await notice;
        LogClosing();
        life.StopApplication();
    }

    [LoggerMessage(
        LogLevel.Information,
        "asked to stop: new jobs are refused and workers finish for up to {Seconds} s; reads are answered until then")]
    private partial void LogBegun(double seconds);

    [LoggerMessage(LogLevel.Information, "asked to stop again: the rest is not waited for")]
    private partial void LogAgain();

    [LoggerMessage(LogLevel.Information, "the workers have ended")]
    private partial void LogEnded();

    [LoggerMessage(
        LogLevel.Warning, "workers have not ended in time and are not waited for: their jobs go to others when the leases run out")]
    private partial void LogNotEnded();

    [LoggerMessage(LogLevel.Information, "closing connections")]
    private partial void LogClosing();

    [LoggerMessage(LogLevel.Information, "stopped")]
    private partial void LogStopped();
}
