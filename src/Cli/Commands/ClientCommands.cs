using System.CommandLine;
using System.Globalization;
using Locutor.Cli.Client;
using Locutor.Cli.Generate;
using Locutor.Media.Video;

namespace Locutor.Cli.Commands;

/// <summary>
/// The commands <c>jobs</c>, <c>watch</c> and <c>download</c>, and the options that they share with <c>submit</c>: they use a service that
/// runs elsewhere.
/// </summary>
internal static class ClientCommands
{
    private const string ServerVariable = "LOCUTOR_SERVER", UsualServer = "http://127.0.0.1:8080";
    private const int PromptWidth = 18;

    public static readonly Option<string?> Server = new("--server")
    {
        Description = $"Address of the service. Default: the value of {ServerVariable}, otherwise {UsualServer}.",
        HelpName = "URL",
    };
    public static readonly Option<string?> TokenFile = new("--token-file")
    {
        Description = "File with the token, KEY.SECRET. Default: LOCUTOR_TOKEN, or the file token in the user's folder of settings.",
        HelpName = "FILE",
    };
    public static readonly Option<bool> Json = new("--json") { Description = "Print JSON on standard output, one object per line." };
    public static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "Print only errors." };
    public static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Replace an existing output without asking." };

    private static readonly Argument<string> Id = new("id") { Description = "The id of a job, fc-..." };
    private static readonly Option<string> Output = new("--output-path", "-o")
    {
        Description = "The file to write; - is standard output. Default: the id with the extension of the format.",
        HelpName = "FILE",
    };
    private static readonly Option<string?> Format = new("--format") { Description = "mp4, mov, mkv, webm or gif.", HelpName = "NAME" };
    private static readonly Option<int> Limit = new("--limit")
    {
        Description = "Largest number of jobs, 1 to 100.",
        HelpName = "N",
        DefaultValueFactory = _ => 20,
    };
    private static readonly Option<string?> Status = new("--status")
    {
        Description = "List only jobs with this status: queued, running, succeeded, failed, canceled or expired.",
        HelpName = "NAME",
    };

    public static IEnumerable<Command> Create()
    {
        var jobs = new Command("jobs", "List the jobs of a service, newest first.") { Limit, Status, Json, Server, TokenFile };
        jobs.SetAction(ListAsync);
        var watch = new Command("watch", "Follow a job of a service until it has ended.") { Id, Json, Quiet, Server, TokenFile };
        watch.SetAction(WatchAsync);
        var download = new Command("download", "Download the video of a job.") { Id, Output, Format, Yes, Quiet, Server, TokenFile };
        download.SetAction(DownloadAsync);
        return [jobs, watch, download];
    }

    /// <summary>Creates the client from the options of the command line.</summary>
    public static ServiceClient Connect(ParseResult parsed) => new(
        parsed.GetValue(Server) ?? (Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } named ? named : UsualServer),
        ServiceToken.Find(parsed.GetValue(TokenFile)));

    /// <summary>Downloads a video to a path that has been checked.</summary>
    public static async Task SaveAsync(
        ServiceClient client, string id, string? format, string path, bool quiet, CancellationToken cancellationToken)
    {
        long bytes = await client.DownloadAsync(id, format, path, cancellationToken);
        if (!quiet) await Console.Error.WriteLineAsync($"{path}: {ModelsListCommand.Size(bytes)}");
    }

    /// <summary>Returns the format of a video for its name; null for standard output, which has any.</summary>
    /// <exception cref="CommandException">The name has the extension of no video.</exception>
    public static VideoFormat? NamedFormat(string path) => VideoFormat.ForName(path) ?? (path == VideoDestination.Standard
        ? null
        : throw new CommandException(ExitCodes.Usage, $"{path}: expected a name that ends in {VideoFormat.Extensions}"));

    /// <summary>Checks that a video can be written at a path.</summary>
    public static void CheckOutput(string path, bool replace)
    {
        if (path != "-") ExistingOutputs.Check(path, replace);
    }

    /// <summary>Returns a row of the table of jobs, at most 100 columns wide.</summary>
    internal static string Row(RemoteJob job)
    {
        string prompt = job.Prompt.ReplaceLineEndings(" ");
        if (prompt.Length > PromptWidth) prompt = prompt[..(PromptWidth - 3)] + "...";
        string progress = job.Status == "running" ? string.Create(CultureInfo.InvariantCulture, $"{job.Percent:0} %") : "";
        string created = job.Created.LocalDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        return Row(job.Id, job.Status, progress, created, job.Model, prompt);
    }

    private static string Row(string id, string status, string progress, string created, string model, string prompt) =>
        $"{id,-29} {status,-9} {progress,5} {created,-16}  {(model.Length > 16 ? model[..16] : model),-16} {prompt}".TrimEnd();

    private static async Task<int> ListAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = Connect(parsed);
        var jobs = await client.ListAsync(parsed.GetValue(Limit), parsed.GetValue(Status), cancellationToken);
        bool json = parsed.GetValue(Json);
        if (!json) Console.WriteLine(Row("ID", "STATUS", "", "CREATED", "MODEL", "PROMPT"));
        foreach (var job in jobs) Console.WriteLine(json ? job.Json.GetRawText() : Row(job));
        return ExitCodes.Success;
    }

    private static async Task<int> WatchAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = Connect(parsed);
        bool json = parsed.GetValue(Json), quiet = parsed.GetValue(Quiet);
        var job = await new JobWatch(client, json, quiet).UntilOverAsync(parsed.GetRequiredValue(Id), cancellationToken);
        if (!json && !quiet) await Console.Error.WriteLineAsync($"{job.Id} is done; 'locutor download {job.Id}' gets its video");
        return ExitCodes.Success;
    }

    private static async Task<int> DownloadAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = Connect(parsed);
        string id = parsed.GetRequiredValue(Id);
        string? format = parsed.GetValue(Format);
        string path = parsed.GetValue(Output) ?? $"{id}.{format ?? VideoFormat.Mp4.Extension}";
        CheckOutput(path, parsed.GetValue(Yes));
        if (NamedFormat(path) is { } named)
        {
            if (format is not null) CheckedVideo.CheckFormat(format, named, path);
            format = named.Extension;
        }
        await SaveAsync(client, id, format, path, parsed.GetValue(Quiet), cancellationToken);
        return ExitCodes.Success;
    }
}
