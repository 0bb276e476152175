namespace Locutor.CommandLine;

/// <summary>Ends a command with one line on standard error and an exit code.</summary>
public sealed class CommandException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
