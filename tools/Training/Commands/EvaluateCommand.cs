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
    public static Command Create()
    {
        var model = new Option<string?>("--model") { Description = "A bundle trained by 'locutor train'; the shipped one when left out." };
        var preset = new Option<string?>("--preset") { Description = "Of the bundle." };
        var steps = new Option<int?>("--steps") { Description = "Denoising steps of a clip." };
        var device = new Option<string>("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "auto" };
        var output = new Option<DirectoryInfo>("--output")
        {
            Description = "Folder for the table, its figures as JSON, and contact sheets.",
            Required = true,
        };
        var speech = new Option<FileInfo?>("--speech")
        {
            Description = "Written by 'locutor train prepare-speech'; made anew with espeak-ng when left out."
        };
        var recordings = new Option<string[]>("--recordings")
        {
            Description = "Human voices.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        var people = new Option<int>("--people") { DefaultValueFactory = _ => 8 };
        var seconds = new Option<double>("--seconds") { Description = "Of each video.", DefaultValueFactory = _ => 5 };
        var longer = new Option<double>("--long-seconds")
        {
            Description = "Of the long video; 0 leaves it out.",
            DefaultValueFactory = _ => 60,
        };
        var moods = new Option<int>("--mood-people") { DefaultValueFactory = _ => 4 };
        var program = new Option<string?>("--program")
        {
            Description =
                "The program whose command generate is measured as a whole: locutor or locutor.dll; that of this clone when left out.",
            HelpName = "FILE",
        };
        var skip = new Option<bool>("--skip-command")
        {
            Description = "Do not time the whole command, for a machine without ffmpeg.",
        };
        var command = new Command("evaluate", "Measure the shipped model against painted truth and print a table.")
        {
            model, preset, steps, device, output, speech, recordings, people, seconds, longer, moods, program, skip,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var found = ModelFinder.Find(parsed.GetValue(model));
            var settings = VideoSettings.Resolve(
                found.Bundle,
                VideoRequest.Empty.With(VideoFields.Preset, parsed.GetValue(preset)).With(VideoFields.Steps, parsed.GetValue(steps)));
            using var networks = NetworkSet.Load(
                found,
                LoadingOptions.From(DeviceChoice.Find(parsed.GetValue(device)!), Precision.Auto) with { Adapters = settings.Adapters });
            var options = new EvaluationOptions
            {
                Output = parsed.GetRequiredValue(output).FullName,
                People = parsed.GetValue(people),
                Seconds = parsed.GetValue(seconds),
                LongSeconds = parsed.GetValue(longer),
                MoodPeople = parsed.GetValue(moods),
                Program = parsed.GetValue(skip) ? [] : LocutorProgram.Find(parsed.GetValue(program)),
                Recordings = await RecordingsAsync(parsed.GetValue(recordings)!, cancellationToken),
            };
            var said = parsed.GetValue(speech) is { } file
                ? SpeechCorpus.Load(file.FullName).Evaluation
                : SpeechPreparation.MakeEvaluation(4, 1, cancellationToken);
            var report = await new SketchEvaluation(networks, settings, options, said, Console.Error.WriteLine)
                .MeasureAsync(cancellationToken);
            Console.WriteLine(report.ToMarkdown());
            return ExitCodes.Success;
        });
        return command;
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
