using System.CommandLine;
using Locutor.Jobs.Hosting;
using Locutor.Service.Settings;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor cluster</c>. It creates the certificate with which the machines of a cluster trust each other.</summary>
internal static class ClusterCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data")
        {
            Description = "The service's data folder.",
            HelpName = "FOLDER",
            DefaultValueFactory = _ => ServeSettings.DefaultData,
        };
        var init = new Command("init", "Create the certificate that all nodes and workers of a cluster share.") { data };
        init.SetAction(parsed => Init(parsed.GetValue(data)!));
        return new Command("cluster", "Prepare several machines to run one service together.") { init }.WithHelp();
    }

    private static int Init(string data)
    {
        string file = Path.Combine(Path.GetFullPath(data), ClusterCertificate.FileName);
        if (File.Exists(file))
        {
            throw new CommandException(
                ExitCodes.BadOutput, $"{file} exists already; delete it on every node and worker before you create a new one");
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            ClusterCertificate.Create(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.BadOutput, $"the certificate cannot be written: {exception.Message}", exception);
        }
        Console.WriteLine(
            $"Created {file}. Copy it to the data folder of every node and worker. Keep it secret: every program that has it can join " +
            "the cluster.");
        return ExitCodes.Success;
    }
}
