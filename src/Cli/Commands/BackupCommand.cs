using System.CommandLine;
using Locutor.Jobs.Storage;
using Locutor.Service.Operations;
using Locutor.Service.Settings;

namespace Locutor.Cli.Commands;

/// <summary>The commands <c>locutor backup</c> and <c>locutor restore</c>: they copy and restore all data of the service.</summary>
internal static class BackupCommand
{
    public static Command Create() => Make(
        "backup", "Copy the data of a service into a new folder. The service may be running.",
        "The folder to create.",
        async (settings, folder, cancellationToken) =>
        {
            var made = await Backup.CreateAsync(settings, folder, TimeProvider.System, cancellationToken);
            Console.WriteLine($"{folder}: the {made.Database} database and {made.Files} files of {made.Bytes / 1e6:0.0} MB");
            if (made.Bucket is { } bucket)
                Console.WriteLine($"Inputs and results are in the bucket {bucket}, which the backup does not contain.");
        });

    public static Command CreateRestore() => Make(
        "restore", "Restore a backup into an empty data folder or database.", "The folder that 'locutor backup' created.",
        async (settings, folder, cancellationToken) =>
        {
            var restored = await Backup.RestoreAsync(settings, folder, cancellationToken);
            Console.WriteLine(
                $"{settings.Data}: restored the backup of {restored.CreatedAt:yyyy-MM-dd HH:mm} UTC; start the service with 'locutor " +
                "serve'");
        });

    private static Command Make(
        string name, string description, string folderHelp, Func<ServeSettings, string, CancellationToken, Task> run)
    {
        var folder = new Argument<string>("folder") { Description = folderHelp };
        var data = new Option<string?>("--data") { Description = "The service's data folder.", HelpName = "FOLDER" };
        var config = new Option<string?>("--config")
        {
            Description = "Settings file. Default: locutor.json in the data folder.",
            HelpName = "FILE",
        };
        var command = new Command(name, description) { folder, data, config };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                var settings = ServeCommand.Load(parsed.GetValue(config), parsed.GetValue(data) is { } given ? [new("data", given)] : []);
                await run(settings, parsed.GetValue(folder)!, cancellationToken);
            }
            catch (Exception exception) when (exception is BackupException or SchemaException)
            {
                throw new CommandException(ExitCodes.BadInput, exception.Message);
            }
        });
        return command;
    }
}
