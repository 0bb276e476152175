using Locutor.Cli.Commands;

namespace Locutor.Cli.Tests;

/// <summary>
/// Runs commands inside the test program: the start of a process that loads libtorch takes 1.2 s of CPU time. Tests use real processes for
/// what a command cannot do here: standard input and output as streams, signals, and settings of the runtime or of libtorch.
/// </summary>
internal static class CommandsInProcess
{
    /// <summary>
    /// Collection of the classes that use it. They run one at a time and after all others, because environment variables belong to the
    /// whole process.
    /// </summary>
    public const string Collection = "commands in process";

    /// <summary>Runs a command with its output redirected and without an input, and returns what it printed.</summary>
    /// <param name="environment">Environment variables that are set while the command runs; null removes a variable.</param>
    /// <param name="arguments">The command line.</param>
    public static async Task<(int Code, string Output, string Error)> RunAsync(
        IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        var before = environment.Keys.ToDictionary(name => name, Environment.GetEnvironmentVariable);
        try
        {
            foreach (var (name, value) in environment) Environment.SetEnvironmentVariable(name, value);
            return await ConsoleCapture.RunAsync(() => LocutorProgram.RunAsync(arguments, VideoMaking.WithNetworks));
        }
        finally
        {
            foreach (var (name, value) in before) Environment.SetEnvironmentVariable(name, value);
        }
    }
}

/// <summary>Makes the classes of the collection run alone.</summary>
[CollectionDefinition(CommandsInProcess.Collection, DisableParallelization = true)]
public sealed class CommandsInProcessCollection;
