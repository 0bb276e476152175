using System.CommandLine;
using Locutor.Cli.Client;
using Locutor.Cli.Generate;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Probing;

namespace Locutor.Cli.Commands;

/// <summary>
/// The command <c>locutor submit</c>: it gives a job to a service. The settings of the video are those of <c>generate</c>, from the same
/// table; the service checks them, since it knows its models.
/// </summary>
internal static class SubmitCommand
{
    private static readonly Option<string?> TextFile = new("--text-file")
    {
        Description = "The text to speak from a file in UTF-8; - is standard input.",
        HelpName = "FILE",
    };
    private static readonly Option<string?> Output = new("--output-path", "-o")
    {
        Description = "Wait for the video and write it to this file; - is standard output.",
        HelpName = "FILE",
    };
    private static readonly Option<bool> Wait = new("--wait") { Description = "Wait until the job is over." };

    public static Command Create()
    {
        var command = new Command("submit", "Give a video to a service to make. The settings are those of 'locutor generate'.");
        foreach (var (_, option) in RequestOptions.All) command.Options.Add(option);
        foreach (var option in new Option[]
        {
            TextFile, Output, ClientCommands.Yes, Wait, ClientCommands.Json, ClientCommands.Quiet, ClientCommands.Server,
            ClientCommands.TokenFile,
        })
        {
            command.Options.Add(option);
        }

        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string? output = parsed.GetValue(Output);
        bool json = parsed.GetValue(ClientCommands.Json), quiet = parsed.GetValue(ClientCommands.Quiet);
        if (output is not null) ClientCommands.CheckOutput(output, parsed.GetValue(ClientCommands.Yes));
        using var client = ClientCommands.Connect(parsed);
        await using var inputs = new InputFiles();
        var fields = await FieldsAsync(parsed, inputs, cancellationToken);
        var job = await client.SubmitAsync(() => Form(fields), cancellationToken);
        if (output != "-") Console.WriteLine(json ? job.Json.GetRawText() : job.Id);
        if (job.Notice is { } notice && !quiet) await Console.Error.WriteLineAsync($"note: {notice}");
        if (output is null && !parsed.GetValue(Wait)) return ExitCodes.Success;
        await new JobWatch(client, json && output != "-", quiet).UntilOverAsync(job.Id, cancellationToken);
        if (output is not null) await ClientCommands.SaveAsync(client, job.Id, null, output, quiet, cancellationToken);
        return ExitCodes.Success;
    }

    /// <summary>Reads the fields of the form: texts, and paths of files.</summary>
    private static async Task<IReadOnlyList<(string Name, string Value, bool IsFile)>> FieldsAsync(
        ParseResult parsed, InputFiles inputs, CancellationToken cancellationToken)
    {
        var fields = new List<(string, string, bool)>();
        foreach (var (field, text) in RequestOptions.Texts(parsed))
        {
            if (field is not FileField || text.StartsWith("http://", StringComparison.Ordinal)
                || text.StartsWith("https://", StringComparison.Ordinal))
            {
                fields.Add((field.Name, text, false));
                continue;
            }

            string path = await inputs.LocalAsync(text, cancellationToken);
            bool isVideo = field == VideoFields.Image
                && (await MediaProbe.ProbeAsync(path, MediaLimits.Default, cancellationToken)).Kind == MediaKind.Video;
            fields.Add(((isVideo ? VideoFields.Video : field).Name, path, true));
        }

        if (parsed.GetValue(TextFile) is { } file) fields.Add((VideoFields.Text.Name, SpokenText.Read(file), false));
        return fields.Count > 0
            ? fields
            : throw new CommandException(ExitCodes.Usage, "expected --image-path and --audio1-path or --text, found nothing");
    }

    private static MultipartFormDataContent Form(IReadOnlyList<(string Name, string Value, bool IsFile)> fields)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, value, isFile) in fields)
        {
            if (isFile) form.Add(new StreamContent(File.OpenRead(value)), name, Path.GetFileName(value));
            else form.Add(new StringContent(value), name);
        }

        return form;
    }
}
