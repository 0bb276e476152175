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
        if (OperatingSystem.IsWindows()) Environment.Exit(code);
        else Exit(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);
}
