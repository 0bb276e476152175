using System.Runtime.InteropServices;
using Locutor.Files;

namespace Locutor.CommandLine;

/// <summary>
/// Stops a command on Ctrl-C, SIGTERM and a closed terminal. The command has two seconds to end by itself; a second signal ends it at once.
/// <see cref="ProcessEnd"/> then ends the process.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];
    private int signals;

    /// <summary>Begins to handle the signals.</summary>
    public StopSignals()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
            registrations.Add(PosixSignalRegistration.Create(signal, Stop));
    }

    /// <summary>Is canceled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Whether a signal has come.</summary>
    public bool Stopped => Volatile.Read(ref signals) > 0;

    /// <summary>Prints the message, deletes temporary files and ends the process with <see cref="ExitCodes.Cancelled"/>.</summary>
    public static void Leave(string message = "stopped")
    {
        if (Terminal.CanRedraw) Console.Error.Write(Terminal.EraseLine); // a bar, or what the terminal shows for Ctrl-C
        ProgramRunner.Complain(message);
        ProcessEnd.Now(ExitCodes.Cancelled);
    }

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref signals) > 1) Leave();

        // Work that is canceled may run on this thread for a while, so the clock is another's.
        _ = Task.Delay(Patience).ContinueWith(static _ => Leave(), TaskScheduler.Default);
        source.Cancel();
    }
}
