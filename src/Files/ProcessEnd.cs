using System.Runtime.InteropServices;

namespace Locutor.Files;

/// <summary>
/// Ends the process at once, without the exit handlers of native libraries: that of libtorch frees tables which running threads may still
/// use, so the process would end with a segmentation fault.
/// </summary>
public static partial class ProcessEnd
{
    /// <summary>Deletes the temporary files and ends the process.</summary>
    /// <param name="code">The exit code.</param>
    public static void Now(int code)
    {
        TemporaryFiles.DeleteAll();
        DeleteDiagnosticPorts();
        if (OperatingSystem.IsWindows()) Environment.Exit(code);
        else Exit(code);
    }

    /// <summary>Deletes the pipes and the socket for debuggers, which .NET creates at the start and deletes at a regular exit.</summary>
    private static void DeleteDiagnosticPorts()
    {
        int process = Environment.ProcessId;
        string[] names = [$"clr-debug-pipe-{process}-*-in", $"clr-debug-pipe-{process}-*-out", $"dotnet-diagnostic-{process}-*-socket"];
        foreach (string name in names)
        {
            try
            {
                foreach (string port in Directory.GetFiles(Path.GetTempPath(), name)) File.Delete(port);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Continue with the next one.
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);
}
