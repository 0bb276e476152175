using System.CommandLine;

namespace Locutor.Cli.Commands;

/// <summary>All commands of the program, in the order in which the help lists them. Each command has its own file in this folder.</summary>
internal static class Verbs
{
    /// <summary>
    /// The commands that run networks in their own process. <c>serve</c> is not one of them, since its workers run the networks.
    /// </summary>
    public static IReadOnlySet<string> RunNetworks { get; } = new HashSet<string> { "generate", "worker" };

    public static void AddTo(RootCommand root, VideoMaking making)
    {
        Introduction.AddTo(root);
        root.Add(GenerateCommand.Create());
        root.Subcommands.Add(VoicesCommand.Create());
        root.Subcommands.Add(DoctorCommand.Create());
        root.Subcommands.Add(ServeCommand.Create(making));
        root.Subcommands.Add(SubmitCommand.Create());
        foreach (var command in ClientCommands.Create()) root.Subcommands.Add(command);
        foreach (var command in JobCommands.Create()) root.Subcommands.Add(command);
        root.Subcommands.Add(TokensCommand.Create());
        root.Subcommands.Add(BackupCommand.Create());
        root.Subcommands.Add(BackupCommand.CreateRestore());
        root.Subcommands.Add(WorkerCommand.Create(making));
        root.Subcommands.Add(ClusterCommand.Create());
        root.Subcommands.Add(ModelsCommand.Create());
        root.Subcommands.Add(InspectCommand.Create());
        root.Subcommands.Add(CompletionCommand.Create());
        root.Subcommands.Add(CompletionCommand.CreateComplete(root));
        foreach (var command in CloneCommands.Create()) root.Subcommands.Add(command);
    }
}
