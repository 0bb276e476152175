using System.CommandLine;
using Locutor.Cli.Client;
using Locutor.Cli.Generate;
using Locutor.Generation.Requests;
using Locutor.Media.Video;

namespace Locutor.Cli.Commands;

/// <summary>
/// The last steps of a submission, for <c>submit</c> and <c>again</c>: print the id, and if an option requests it, wait for the video and
/// download it.
/// </summary>
internal sealed class AcceptedVideo
{
    private static readonly Option<string?> Output = new("--output-path", "-o")
    {
        Description = "Wait for the video and write it to this file; - is standard output.",
        HelpName = "FILE",
    };
    private static readonly Option<bool> Wait = new("--wait") { Description = "Wait until the job has ended." };

    private readonly string? output;
    private readonly VideoFormat? format;
    private readonly bool waits, json, quiet;

    private AcceptedVideo(ParseResult parsed)
    {
        output = parsed.GetValue(Output);
        if (output is not null) format = ClientCommands.NamedFormat(output);
        waits = output is not null || parsed.GetValue(Wait);
        json = parsed.GetValue(ClientCommands.Json);
        quiet = parsed.GetValue(ClientCommands.Quiet);
    }

    public static IReadOnlyList<Option> Options { get; } = [Output, ClientCommands.Yes, Wait, ClientCommands.Json, ClientCommands.Quiet];

    /// <summary>Reads the options and checks that the output can be written, before anything is submitted.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="asked">The extension of the format that the job is to have; null if none was given.</param>
    /// <exception cref="CommandException">
    /// The output cannot be written, exists and must not be replaced, or its name has the extension of no video.
    /// </exception>
    /// <exception cref="RequestException">The name of the output and the format differ.</exception>
    public static AcceptedVideo From(ParseResult parsed, string? asked = null)
    {
        var video = new AcceptedVideo(parsed);
        if (video.output is not { } path) return video;
        ClientCommands.CheckOutput(path, parsed.GetValue(ClientCommands.Yes));
        if (asked is not null && video.format is { } named) CheckedVideo.CheckFormat(asked, named, path);
        return video;
    }

    /// <summary>Prints the id of an accepted job; waits for the video and downloads it if the options request it.</summary>
    public async Task<int> FinishAsync(ServiceClient client, RemoteJob job, CancellationToken cancellationToken)
    {
        if (output != "-") Console.WriteLine(json ? job.Json.GetRawText() : job.Id);
        if (job.Notice is { } notice && !quiet) await Console.Error.WriteLineAsync($"note: {notice}");
        if (!waits) return ExitCodes.Success;
        await new JobWatch(client, json && output != "-", quiet, job.Notice).UntilOverAsync(job.Id, cancellationToken);
        if (output is not null) await ClientCommands.SaveAsync(client, job.Id, format?.Extension, output, quiet, cancellationToken);
        return ExitCodes.Success;
    }
}
