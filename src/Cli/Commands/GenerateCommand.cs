using System.CommandLine;
using System.CommandLine.Help;
using Locutor.Cli.Generate;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Commands;

/// <summary>
/// The command <c>locutor generate</c>: it makes a video from a picture and a voice or a text. The options of the request come from the
/// table of request fields; this class adds the options for this machine.
/// </summary>
internal static class GenerateCommand
{
    private static readonly Option<string> Output = new("--output-path", "-o")
    {
        Description = "The video to write: its name ends in .mp4, .mov, .mkv, .webm or .gif; - is standard output. Required.",
        HelpName = "FILE",
    };
    private static readonly Option<string?> TextFile = new("--text-file")
    {
        Description = "The text to speak from a file in UTF-8; - is standard input.",
        HelpName = "FILE",
    };
    private static readonly Option<string?> SoundPath = new("--sound-path")
    {
        Description = "Write the spoken text as a WAV file too.",
        HelpName = "FILE",
    };
    private static readonly Option<bool> Fragmented = new("--fragmented")
    {
        Description = "Write a file that players can open before it is complete."
    };
    private static readonly Option<string> RawAudio = new("--raw-audio")
    {
        Description =
            "The voice is samples without a header, for example from a speech synthesiser: s16le, s24le, s32le or f32le, then the rate " +
            "in Hz, then the channels if there are two. It needs --stream-speech.",
        HelpName = "CODING:RATE",
    };
    private static readonly Option<string> Live = new("--live")
    {
        Description =
            "Show the video while it is made: alone, on an address of this machine that is printed; with -, on standard output, such as " +
            "for '| ffplay -'. The file is made too.",
        HelpName = "-",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private static readonly Option<string?> Batch = new("--batch")
    {
        Description =
            "Make many videos and load the model once: a folder, where greta.png and greta.mp3 (or greta.txt) make greta.mp4, or a " +
            "CSV file, whose first row names fields such as image, audio, text, prompt and output. --output-path is then a folder.",
        HelpName = "FOLDER|CSV",
    };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Replace an existing output without asking." };
    private static readonly Option<bool> No = new("--no", "-n")
    {
        Description = "Keep an existing output; in a batch, make only the missing videos."
    };
    private static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "Print only errors." };
    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Print progress and result as JSON on standard output, one object per line."
    };
    private static readonly Option<bool> Timings = new("--timings")
    {
        Description = "Print the time of each stage on standard error at the end."
    };
    private static readonly Option<string> Device = new("--device")
    {
        Description = "Device that runs the networks: cpu or cuda. Default: the GPU if there is one.",
        HelpName = "cpu|cuda",
        DefaultValueFactory = _ => DeviceChoice.Auto,
    };
    private static readonly Option<string?> Gpus = new("--gpus")
    {
        Description =
            "GPUs that compute the video together, such as 0,1. Each holds the transformer's weights. Default: one GPU.",
        HelpName = "0,1,..",
    };
    private static readonly Option<Precision> Precision = new("--precision")
    {
        Description =
            "Number format of the weights: float32, bfloat16, float8 or int8. Default: the best one for the device. Files made by " +
            "'locutor models prepare' are used where they fit.",
        HelpName = "NAME",
    };
    private static readonly Option<string?> VramBudget = new("--vram-budget")
    {
        Description =
            "GPU memory to use at most, in GiB. Weights that do not fit are offloaded to the machine's memory. Default: all free memory.",
        HelpName = "GIB",
    };

    private static readonly GenerateHelp Help = new(
        [
            ("Text to speech, more", [TextFile, SoundPath]), ("A voice that still arrives", [RawAudio]),
            ("Output", [Output, Yes, No, Batch, Live, Fragmented, Quiet, Json, Timings]),
            ("This machine", [Device, Gpus, Precision, VramBudget])
        ]);

    public static Command Create()
    {
        var command = new Command(
            "generate",
            "Make a video: the person in a picture speaks a sound file or a text.");
        foreach (var (_, option) in RequestOptions.All) command.Options.Add(option);
        foreach (var option in
                new Option[]
                {
                    TextFile, SoundPath, RawAudio, Output, Yes, No, Batch, Live, Fragmented, Quiet, Json, Timings, Device, Gpus, Precision,
                    VramBudget,
                    ModelsCommand.Store,
                })
        {
            command.Options.Add(option);
        }
        command.Options.Add(new HelpOption { Action = Help });
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(Batch) is { } batch
            ? BatchRun.RunAsync(ReadBatch(parsed, batch), ChoiceOf(parsed), cancellationToken)
            : GenerateRun.RunAsync(Read(parsed), cancellationToken));
        return command;
    }

    /// <summary>Reads the videos of a batch. The options of the command line apply to fields that a row omits.</summary>
    internal static IReadOnlyList<(string Name, GenerateArguments Arguments)> ReadBatch(ParseResult parsed, string batch)
    {
        foreach (var option in new Option[] { Live, RawAudio, SoundPath, TextFile })
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw new CommandException(ExitCodes.Usage, $"{option.Name}: cannot be combined with --batch, which makes several videos");
        }

        if (parsed.GetValue(Output) is not { Length: > 0 } folder || OutputPath.IsStandard(folder) || File.Exists(folder))
            throw new CommandException(ExitCodes.Usage, "--output-path: expected a folder for the videos of the batch");
        var common = RequestOptions.Read(parsed);
        var items = BatchList.Read(
            batch, hasPicture: common.Value(VideoFields.Image) is not null,
            hasVoice: common.Value(VideoFields.Audio) is not null || common.Value(VideoFields.Text) is not null);
        return [.. items.Select(item =>
        {
            var form = RequestOptions.Read(parsed, item.Values);
            string extension = form.Value(VideoFields.Format) as string ?? "mp4";
            return (item.Name, Read(parsed, form, Path.Combine(folder, item.Output ?? $"{item.Name}.{extension}"), item.Source));
        })];
    }

    private static ExistingOutput ChoiceOf(ParseResult parsed) => (parsed.GetValue(Yes), parsed.GetValue(No)) switch
    {
        (true, true) => throw new CommandException(ExitCodes.Usage, "expected -y or -n, found both"),
        (true, _) => ExistingOutput.Replace,
        (_, true) => ExistingOutput.Keep,
        _ => ExistingOutput.Ask,
    };

    /// <summary>
    /// Reads the command line without checks. <see cref="RequestForm.Resolve"/> reports the errors of the request.
    /// </summary>
    internal static GenerateArguments Read(ParseResult parsed)
    {
        var form = RequestOptions.Read(parsed);
        if (SpokenText.Read(parsed, TextFile) is { } text) form.AddText(VideoFields.Text.Name, text);
        return Read(parsed, form, parsed.GetValue(Output) ?? "", parsed.GetValue(TextFile));
    }

    private static GenerateArguments Read(ParseResult parsed, RequestForm form, string output, string? textSource)
    {
        if (output.Length == 0) form.Faults.Add("output_path", "expected the name of a file, found nothing");
        string? live = parsed.GetResult(Live) is { Implicit: false } ? parsed.GetValue(Live) ?? "" : null;
        if (live is not (null or "" or "-")) form.Faults.Add("--live", $"expected nothing or -, found '{live}'");
        if (live is not null && !output.EndsWith(".mp4", StringComparison.OrdinalIgnoreCase))
            form.Faults.Add("--live", $"expected an output that ends in .mp4, found '{output}'");
        return new GenerateArguments(
            form, output, parsed.GetValue(Device)!, parsed.GetValue(Gpus), parsed.GetValue(Precision),
            MemoryPlan.Parse(parsed.GetValue(VramBudget)),
            parsed.GetValue(ModelsCommand.Store), parsed.GetValue(Fragmented), parsed.GetValue(Json), parsed.GetValue(SoundPath),
            parsed.GetValue(Timings), parsed.GetValue(RawAudio), live, ChoiceOf(parsed), parsed.GetValue(Quiet), textSource);
    }
}
