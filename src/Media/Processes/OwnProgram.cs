using System.Diagnostics;
using System.Reflection;

namespace Locutor.Media.Processes;

/// <summary>Finds out how to start the running program again: by its own executable, or through <c>dotnet NAME.dll</c>.</summary>
public static class OwnProgram
{
    public static IReadOnlyList<string> Command { get; } = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
        ? [Environment.ProcessPath!, Assembly.GetEntryAssembly()!.Location]
        : [Environment.ProcessPath!];

    public static ProcessStartInfo StartInfo(params IEnumerable<string> arguments) => new(Command[0], [.. Command.Skip(1), .. arguments]);
}
