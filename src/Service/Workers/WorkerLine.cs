using System.Text.RegularExpressions;

namespace Locutor.Service.Workers;

/// <summary>A line that a worker has printed, as the service logs it.</summary>
/// <param name="Level">Level of the worker's message; of text that is no message, what its stream suggests.</param>
/// <param name="Text">The line without time and level.</param>
internal readonly partial record struct WorkerLine(LogLevel Level, string Text)
{
    /// <summary>Reads a line.</summary>
    /// <param name="line">A message in the format of <see cref="Settings.Logs"/>, or any text.</param>
    /// <param name="isError">Whether the worker wrote it to its standard error, where the runtime reports a crash.</param>
    public static WorkerLine Parse(string line, bool isError) => Message().Match(line) is { Success: true } found
        ? new(LevelOf(found.Groups[1].Value), line[found.Length..])
        : new(isError ? LogLevel.Warning : LogLevel.Information, line);

    // The names of .NET's console logger.
    private static LogLevel LevelOf(string name) => name switch
    {
        "trce" => LogLevel.Trace,
        "dbug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" => LogLevel.Warning,
        "fail" => LogLevel.Error,
        _ => LogLevel.Critical,
    };

    [GeneratedRegex(@"^[\d-]+T[\d:]+Z (trce|dbug|info|warn|fail|crit): ")]
    private static partial Regex Message();
}
