using System.Diagnostics;

namespace Locutor.Cli.Doctor;

/// <summary>Finds out how to start this program again: by its own executable, or through <c>dotnet locutor.dll</c>.</summary>
internal static class OwnProgram
{
    public static IReadOnlyList<string> Command { get; } = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
        ? [Environment.ProcessPath!, typeof(OwnProgram).Assembly.Location]
        : [Environment.ProcessPath!];

    public static ProcessStartInfo StartInfo(params IEnumerable<string> arguments) => new(Command[0], [.. Command.Skip(1), .. arguments]);
}
