using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Locutor.Service.Workers;

/// <summary>
/// Ends a worker together with the service that started it. Such a worker knows no other node, so it could not report its result, and it
/// would occupy the device that the next worker needs.
/// </summary>
internal static partial class ParentWatch
{
    private const int DeathSignal = 1; // PR_SET_PDEATHSIG
    private const int Kill = 9;

    /// <summary>
    /// Starts the watch. An attached worker calls this first. <paramref name="told"/> receives every line that the parent writes.
    /// </summary>
    public static void Start(Action<string> told)
    {
        // With this signal Linux kills the process even if it is stopped or its threads hang in a driver.
        if (OperatingSystem.IsLinux())
            _ = SetProcessOption(DeathSignal, Kill, 0, 0, 0);
        // Other systems have no such signal, and on Linux the parent may have ended before the call above. In both cases the pipe is
        // closed.
        new Thread(() => Listen(told)) { IsBackground = true, Name = "parent" }.Start();
    }

    private static void Listen(Action<string> told)
    {
        using var input = new StreamReader(Console.OpenStandardInput());
        while (input.ReadLine() is { } line)
            told(line);
        Process.GetCurrentProcess().Kill();
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int SetProcessOption(int option, nuint first, nuint second, nuint third, nuint fourth);
}
