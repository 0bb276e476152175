using System.Diagnostics;

namespace Locutor.Tests;

/// <summary>Writes scripts that tests run.</summary>
public static class ScriptFile
{
    /// <summary>
    /// Writes an executable file with a shell. If this process wrote it, a process that another test starts at the same moment could
    /// inherit the open file, and the file could not be run ("text file busy").
    /// </summary>
    public static async Task WriteAsync(string path, string text)
    {
        using var shell = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", "cat >\"$1\" && chmod 700 \"$1\"", "sh", path]) { RedirectStandardInput = true })!;
        await shell.StandardInput.WriteAsync(text);
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.ExitCode.ShouldBe(0, path);
    }
}
