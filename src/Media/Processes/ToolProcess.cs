using System.ComponentModel;
using System.Diagnostics;

namespace Locutor.Media.Processes;

/// <summary>
/// A running tool, such as ffmpeg. Arguments are passed as a list, without a shell; error messages are collected. Disposing kills a process
/// that still runs.
/// </summary>
public sealed class ToolProcess : IAsyncDisposable
{
    // The runtime reports the end by a signal as 128 and its number. A program can choose such a code too: ffmpeg ends with 255.
    private const int BeforeSignals = 128, LastSignal = 64;

    private static readonly TimeSpan KillWait = TimeSpan.FromSeconds(10);
    private readonly Process process;
    private readonly Complaints complaints = new();
    private readonly Task reading;
    private volatile bool killed;
    private int disposed;

    private ToolProcess(Process process)
    {
        this.process = process;
        reading = complaints.ReadAsync(process.StandardError);
    }

    public int Id => process.Id;

    /// <summary>Standard input of the tool; closing it ends the input.</summary>
    public Stream Input => process.StandardInput.BaseStream;

    public Stream Output => process.StandardOutput.BaseStream;

    public static ToolProcess Start(string tool, IEnumerable<string> arguments, bool takesInput = false)
    {
        var start = new ProcessStartInfo(tool, arguments)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("FFREPORT"); // this variable would make ffmpeg write a log file
        start.Environment.Remove("AV_LOG_FORCE_COLOR");
        try
        {
            var process = new ToolProcess(Process.Start(start)!);
            if (!takesInput) process.Input.Close();
            return process;
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new MediaException(MediaErrorCodes.Internal, $"{tool} cannot be started: {e.Message}", e);
        }
    }

    /// <summary>Waits for the end of the process and returns its exit code. Cancelling kills the process.</summary>
    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        using var kill = KillOn(cancellationToken);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        await reading.WaitAsync(KillWait, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested(); // it may have ended because it was killed; its exit code then means nothing
        return process.ExitCode;
    }

    /// <summary>
    /// Returns the last informative line that the tool wrote to stderr, without <paramref name="path"/>. It is complete after the process
    /// has ended. A tool that wrote nothing because something else killed it has the signal as its reason.
    /// </summary>
    public string Complaint(string path)
    {
        string line = complaints.LastLine(path);
        if (line != Complaints.None || killed || !process.HasExited) return line;
        int signal = process.ExitCode - BeforeSignals;
        if (signal is <= 0 or > LastSignal) return line;
        return $"{Path.GetFileName(process.StartInfo.FileName)} was killed by signal {signal}"
            + (signal == 9 ? ", perhaps for lack of memory" : "");
    }

    /// <summary>The end of what the tool wrote to stderr.</summary>
    internal string Messages => complaints.Text;

    /// <summary>True if the tool reported a write error; the exit code does not always show it.</summary>
    public bool FailedToWrite =>
        complaints.Mention(
            "No space left on device", "File too large", "Disk quota exceeded", "Input/output error", "Error writing", "Error closing");

    public bool FoundNoSpace => complaints.Mention("No space left on device");

    /// <summary>
    /// Kills the process on cancellation, so that a pending read or write ends, even one that cannot be cancelled itself.
    /// </summary>
    public CancellationTokenRegistration KillOn(CancellationToken cancellationToken) =>
        cancellationToken.UnsafeRegister(static p => ((ToolProcess)p!).Kill(), this);

    public void Kill()
    {
        try
        {
            // Killing a tree reads the state of every process and thread of the machine, even if the process has ended.
            if (process.HasExited) return;
            killed = true;
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or NotSupportedException)
        {
            // The process has ended in the meantime.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        Kill();
        try
        {
            await process.WaitForExitAsync().WaitAsync(KillWait).ConfigureAwait(false);
            await reading.WaitAsync(KillWait).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The process hangs in the kernel and cannot be killed.
        }
        process.Dispose();
    }
}
