using Locutor.CommandLine;

namespace Locutor.Training.Evaluation;

/// <summary>Finds the program <c>locutor</c>, whose whole command <see cref="WholeCommand"/> measures.</summary>
internal static class LocutorProgram
{
    private static readonly string Built = Path.Combine("src", "Cli", "bin", "Release", "net10.0", "locutor.dll");

    /// <summary>Returns the program and its arguments before the command name.</summary>
    /// <param name="path">An executable, or an assembly that <c>dotnet</c> runs; null for the one that was built in this clone.</param>
    /// <exception cref="CommandException">There is no such program.</exception>
    public static IReadOnlyList<string> Find(string? path)
    {
        string program = path ?? FindInClone() ?? throw new CommandException(
            ExitCodes.Missing,
            "the program locutor is not built: run 'dotnet build src/Cli -c Release', name the program with --program FILE, or leave " +
            "the measurement of the whole command out with --skip-command");
        if (!File.Exists(program)) throw new CommandException(ExitCodes.BadInput, $"--program {program}: no such file");
        return program.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", program] : [program];
    }

    private static string? FindInClone()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, Built))) return Path.Combine(folder.FullName, Built);
        return null;
    }
}
