using System.CommandLine;
using Locutor.Cli.Generate;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Probing;

namespace Locutor.Cli.Commands;

/// <summary>
/// The command <c>locutor submit</c>: it submits a job to a service. The settings of the video are the options of <c>generate</c>, from the
/// one table of fields; the service checks them, since it knows its models.
/// </summary>
internal static class SubmitCommand
{
    private static readonly Option<string?> TextFile = new("--text-file")
    {
        Description = "The text to speak from a file in UTF-8; - is standard input.",
        HelpName = "FILE",
    };

    public static Command Create()
    {
        var command = new Command("submit", "Submit a video to a service, which makes it. The settings are those of 'locutor generate'.");
        foreach (var (_, option) in RequestOptions.All) command.Options.Add(option);
        foreach (var option in (Option[])[TextFile, .. AcceptedVideo.Options, ClientCommands.Server, ClientCommands.TokenFile])
            command.Options.Add(option);

        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var video = AcceptedVideo.From(
            parsed, RequestOptions.Texts(parsed).FirstOrDefault(static given => given.Field == VideoFields.Format).Text);
        using var client = ClientCommands.Connect(parsed);
        await using var inputs = new InputFiles();
        var fields = await FieldsAsync(parsed, inputs, cancellationToken);
        return await video.FinishAsync(client, await client.SubmitAsync(() => Form(fields), cancellationToken), cancellationToken);
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

        if (SpokenText.Read(parsed, TextFile) is { } script) fields.Add((VideoFields.Text.Name, script, false));
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
