using System.CommandLine;

namespace Locutor.Cli.Commands;

/// <summary>
/// The commands that only a clone of the repository has. Their programs are <c>tools/Training</c> and <c>bench/Parts</c>.
/// </summary>
internal static class CloneCommands
{
    private static readonly string[] Names = ["train", "evaluate", "portrait", "bench"];

    /// <summary>Creates hidden commands, which tell how to run the real ones.</summary>
    public static IEnumerable<Command> Create() => Names.Select(Create);

    private static Command Create(string name)
    {
        string reason = $"'{name}' is not part of the installed program; it runs from a clone of the repository: ./locutor {name}";
        var command = new Command(name, reason) { Hidden = true, TreatUnmatchedTokensAsErrors = false };
        command.SetAction(int (_) => throw new CommandException(ExitCodes.Usage, reason));
        return command;
    }
}
