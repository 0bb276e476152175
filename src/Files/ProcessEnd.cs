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
        TemporaryFiles.Delete(DiagnosticPorts());
        if (OperatingSystem.IsWindows()) Environment.Exit(code);
        else Exit(code);
    }

    /// <summary>Returns the pipes and the socket for debuggers, which .NET creates at the start and deletes at a regular exit.</summary>
    private static string[] DiagnosticPorts()
    {
        string[] ports = [$"clr-debug-pipe-{Environment.ProcessId}-", $"dotnet-diagnostic-{Environment.ProcessId}-"];
        try
        {
            string[] files = Directory.GetFiles(Path.GetTempPath(), $"*-{Environment.ProcessId}-*");
            return [.. files.Where(file => ports.Any(port => Path.GetFileName(file).StartsWith(port, StringComparison.Ordinal)))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);
}
