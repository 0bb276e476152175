using System.CommandLine;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Commands;

/// <summary>The commands that change jobs of a service: <c>cancel</c>, <c>delete</c> and <c>again</c>.</summary>
internal static class JobCommands
{
    private static readonly Argument<string[]> Ids = new("id")
    {
        Description = "The ids of jobs, fc-..., as 'locutor jobs' lists them.",
        Arity = ArgumentArity.OneOrMore,
    };
    private static readonly Argument<string> Id = new("id") { Description = "The id of the job to repeat, fc-..." };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Delete without asking." };
    private static readonly Option<long?> Seed = new("--seed")
    {
        Description = "Seed of the new video. Default: a new seed, so that the video is a variation.",
        HelpName = "N",
    };

    public static IEnumerable<Command> Create()
    {
        var cancel = new Command("cancel", "Cancel jobs of a service. A job that has started is stopped.")
        {
            Ids, ClientCommands.Json, ClientCommands.Quiet, ClientCommands.Server, ClientCommands.TokenFile,
        };
        cancel.SetAction(CancelAsync);
        var delete = new Command("delete", "Delete jobs of a service with their inputs and videos.")
        {
            Ids, Yes, ClientCommands.Quiet, ClientCommands.Server, ClientCommands.TokenFile,
        };
        delete.SetAction(DeleteAsync);
        var again = new Command("again", "Submit a job of a service again, with its inputs and settings.") { Id, Seed };
        foreach (var option in AcceptedVideo.Options) again.Options.Add(option);
        again.Options.Add(ClientCommands.Server);
        again.Options.Add(ClientCommands.TokenFile);
        again.SetAction(AgainAsync);
        return [cancel, delete, again];
    }

    private static async Task<int> CancelAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = ClientCommands.Connect(parsed);
        bool json = parsed.GetValue(ClientCommands.Json), quiet = parsed.GetValue(ClientCommands.Quiet);
        return await EachAsync(parsed, async id =>
        {
            var job = await client.CancelAsync(id, cancellationToken);
            if (json) Console.WriteLine(job.Json.GetRawText());
            if (job.Status != "canceled")
                throw new CommandException(ExitCodes.BadInput, $"{id} was not canceled, because it has {job.Status} already");
            if (!json && !quiet) await Console.Error.WriteLineAsync($"{id} is canceled");
        });
    }

    private static async Task<int> DeleteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = ClientCommands.Connect(parsed);
        bool quiet = parsed.GetValue(ClientCommands.Quiet);
        if (!parsed.GetValue(Yes)) Confirm(parsed.GetRequiredValue(Ids));
        return await EachAsync(parsed, async id =>
        {
            await client.DeleteAsync(id, cancellationToken);
            if (!quiet) await Console.Error.WriteLineAsync($"{id} is deleted");
        });
    }

    private static async Task<int> AgainAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var video = AcceptedVideo.From(parsed);
        long? seed = parsed.GetValue(Seed);
        if (seed is < 0 or > VideoFields.LargestSeed)
            throw new CommandException(ExitCodes.Usage, $"--seed: expected 0 to {VideoFields.LargestSeed}, found {seed}");
        using var client = ClientCommands.Connect(parsed);
        var job = await client.AgainAsync(parsed.GetRequiredValue(Id), seed, cancellationToken);
        return await video.FinishAsync(client, job, cancellationToken);
    }

    /// <summary>Applies an action to each of the given jobs. A failure does not stop the others.</summary>
    /// <returns>The exit code of the first failure, or 0.</returns>
    private static async Task<int> EachAsync(ParseResult parsed, Func<string, Task> change)
    {
        int code = ExitCodes.Success;
        foreach (string id in parsed.GetRequiredValue(Ids).Distinct())
        {
            try
            {
                await change(id);
            }
            catch (CommandException refused) when (refused.ExitCode == ExitCodes.BadInput)
            {
                bool names = refused.Message.Contains(id, StringComparison.Ordinal);
                ProgramRunner.Complain(names ? refused.Message : $"{id}: {refused.Message}");
                if (code == ExitCodes.Success) code = refused.ExitCode;
            }
        }

        return code;
    }

    private static void Confirm(string[] ids)
    {
        string what = ids.Length == 1 ? $"{ids[0]} with its inputs and its video" : $"{ids.Length} jobs with their inputs and videos";
        if (!Terminal.MayDelete(what)) throw new CommandException(ExitCodes.Usage, "nothing was deleted");
    }
}
