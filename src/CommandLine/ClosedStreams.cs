using System.Runtime.InteropServices;

namespace Locutor.CommandLine;

/// <summary>
/// Standard streams that the caller has closed, as in <c>locutor serve >&amp;- 2>&amp;-</c>. The kernel gives their numbers to the next
/// files that are opened, so that messages would be written to such a file and an input would be read from one.
/// </summary>
public static partial class ClosedStreams
{
    private const int GetFlags = 1, ClosedOnExecution = 1, OpenForBoth = 0x2, OpenUntilExecution = 0x80000;

    /// <summary>
    /// Connects closed streams to <c>/dev/null</c> and executes the program again; a program calls this first. The runtime has opened files
    /// of its own by then, but only these are closed on an execution, which tells them from streams of the caller.
    /// </summary>
    public static void Replace()
    {
        if (!OperatingSystem.IsLinux() || !RuntimeSettings.IsGlibc()) return;
        int[] closed = [.. Enumerable.Range(0, 3).Where(IsClosed)];
        if (closed.Length == 0 || Open("/dev/null", OpenForBoth | OpenUntilExecution) is not (>= 0 and var nothing)) return;
        foreach (int stream in closed) _ = Duplicate(nothing, stream);
        RuntimeSettings.Restart();
    }

    private static bool IsClosed(int stream) => Control(stream, GetFlags) is var flags && (flags < 0 || (flags & ClosedOnExecution) != 0);

    [LibraryImport("libc.so.6", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);

    [LibraryImport("libc.so.6", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);
}
