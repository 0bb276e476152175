using System.Runtime.InteropServices;
using Locutor.Files;
using Locutor.Service.Settings;

namespace Locutor.Service.Availability;

/// <summary>
/// Stops the service on SIGTERM or Ctrl-C. The first signal starts a graceful stop, a second signal stops at once. A service that is still
/// starting has no work to finish. It gets a moment to become ready, since a start that is canceled midway fails in many parts.
/// </summary>
internal sealed partial class DrainLifetime(
    Drain drain, IHostApplicationLifetime life, ServeSettings settings, TimeProvider time, ILogger<DrainLifetime> logger)
    : IHostLifetime, IDisposable
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(5);

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
            int code = CodeOf(context.Signal);
            _ = Task.Run(() => DrainAsync(code));
            return;
        }
        LogAgain();
        if (!life.ApplicationStarted.IsCancellationRequested) ProcessEnd.Now(CodeOf(context.Signal));
        life.StopApplication();
    }

    /// <summary>Returns the exit code by which shells tell a signal: 128 and its number.</summary>
    private static int CodeOf(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGINT => 130,
        PosixSignal.SIGQUIT => 131,
        _ => 143,
    };

    private async Task DrainAsync(int code)
    {
        await Task.Delay(StartPatience, time, life.ApplicationStarted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!life.ApplicationStarted.IsCancellationRequested) ProcessEnd.Now(code);
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

    [LoggerMessage(LogLevel.Information, "asked to stop again: stopping without waiting for the workers")]
    private partial void LogAgain();

    [LoggerMessage(LogLevel.Information, "the workers have ended")]
    private partial void LogEnded();

    [LoggerMessage(
        LogLevel.Warning, "some workers have not ended in time: their jobs go to other workers when the leases expire")]
    private partial void LogNotEnded();

    [LoggerMessage(LogLevel.Information, "closing connections")]
    private partial void LogClosing();

    [LoggerMessage(LogLevel.Information, "stopped")]
    private partial void LogStopped();
}
