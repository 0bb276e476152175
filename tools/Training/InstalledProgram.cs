using System.ComponentModel;
using System.Diagnostics;

namespace Locutor.Training;

/// <summary>Runs programs of Debian packages that prepare what is learnt from.</summary>
internal static class InstalledProgram
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="package">The package that has the program.</param>
    /// <returns>The text that it wrote to its standard output.</returns>
    /// <exception cref="InvalidOperationException">The program is not installed or failed.</exception>
    public static string Run(string program, string package, IEnumerable<string> arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? output
                : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {errors.Result.Trim()}");
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{program} cannot be started: install the package {package}", missing);
        }
    }
}
