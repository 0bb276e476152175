using System.CommandLine;
using Locutor.CommandLine;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Sound;
using Locutor.Training.Evaluation;
using Locutor.Training.Speech;

namespace Locutor.Training.Commands;

/// <summary>
/// The command <c>locutor evaluate</c>: it measures the shipped model on people, voices and sentences that were not in the training data.
/// </summary>
internal static class EvaluateCommand
{
    private static readonly Option<string?> Model = new("--model")
    {
        Description = "A bundle: its name, or the path of its bundle.json; the default is the shipped model.",
        HelpName = "NAME",
    };
    private static readonly Option<string?> Preset = new("--preset") { Description = "Preset of the bundle." };
    private static readonly Option<int?> Steps = new("--steps") { Description = "Number of denoising steps per clip." };
    private static readonly Option<string> Device = new("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "auto" };
    private static readonly Option<DirectoryInfo> Output = new("--output")
    {
        Description = "Folder for the table, its figures as JSON, and contact sheets.",
        Required = true,
    };
    private static readonly Option<FileInfo?> Speech = new("--speech")
    {
        Description = "Speech of 'locutor train prepare-speech'; by default espeak-ng speaks new sentences."
    };
    private static readonly Option<string[]> Recordings = new("--recordings")
    {
        Description = "Recordings of human voices, as sound files.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };
    private static readonly Option<int> People = new("--people")
    {
        Description = "Number of persons.",
        DefaultValueFactory = _ => 8,
    };
    private static readonly Option<double> Seconds = new("--seconds")
    {
        Description = "Duration of each video in seconds.",
        DefaultValueFactory = _ => 5,
    };
    private static readonly Option<double> Longer = new("--long-seconds")
    {
        Description = "Duration of the long video; 0 leaves it out.",
        DefaultValueFactory = _ => 60,
    };
    private static readonly Option<int> Moods = new("--mood-people")
    {
        Description = "Number of persons for whom every mood is generated; 0 leaves moods out.",
        DefaultValueFactory = _ => 4,
    };
    private static readonly Option<int> PartPeople = new("--part-people")
    {
        Description = "Number of persons for videos in two parts, which need ffmpeg; 0 leaves them out.",
        DefaultValueFactory = _ => 2,
    };
    private static readonly Option<string?> Program = new("--program")
    {
        Description =
            "The program whose command 'generate' is timed: locutor or locutor.dll. The default is the program built in this clone.",
        HelpName = "FILE",
    };
    private static readonly Option<bool> Skip = new("--skip-command")
    {
        Description = "Does not time the whole command; for a machine without ffmpeg.",
    };

    public static Command Create()
    {
        var command = new Command("evaluate", "Measure the model on painted people and print a table.")
        {
            Model, Preset, Steps, Device, Output, Speech, Recordings, People, Seconds, Longer, Moods, PartPeople, Program, Skip,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var found = ModelFinder.Find(parsed.GetValue(Model));
        var settings = VideoSettings.Resolve(
            found.Bundle,
            VideoRequest.Empty.With(VideoFields.Preset, parsed.GetValue(Preset)).With(VideoFields.Steps, parsed.GetValue(Steps)));
        using var networks = NetworkSet.Load(
            found,
            LoadingOptions.From(DeviceChoice.Find(parsed.GetValue(Device)!), Precision.Auto) with { Adapters = settings.Adapters });
        var options = new EvaluationOptions
        {
            Output = parsed.GetRequiredValue(Output).FullName,
            People = parsed.GetValue(People),
            Seconds = parsed.GetValue(Seconds),
            LongSeconds = parsed.GetValue(Longer),
            MoodPeople = parsed.GetValue(Moods),
            PartPeople = parsed.GetValue(PartPeople),
            Program = parsed.GetValue(Skip) ? [] : LocutorProgram.Find(parsed.GetValue(Program)),
            Recordings = await RecordingsAsync(parsed.GetValue(Recordings)!, cancellationToken),
        };
        var speech = parsed.GetValue(Speech) is { } file
            ? SpeechCorpus.Load(file.FullName).Evaluation
            : SpeechPreparation.MakeEvaluation(4, 1, cancellationToken);
        var report = await new SketchEvaluation(networks, settings, options, speech, Console.Error.WriteLine)
            .MeasureAsync(cancellationToken);
        Console.WriteLine(report.ToMarkdown());
        return ExitCodes.Success;
    }

    private static async Task<Dictionary<string, float[]>> RecordingsAsync(string[] paths, CancellationToken cancellationToken)
    {
        var samples = new Dictionary<string, float[]>();
        foreach (string path in paths)
        {
            samples[Path.GetFileNameWithoutExtension(path)] = (
                await AudioDecoder.DecodeAsync(path, SpeechCorpus.SampleRate, MediaLimits.Default, cancellationToken)).Samples;
        }

        return samples;
    }
}
