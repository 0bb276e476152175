using System.CommandLine;
using Locutor.Training;
using Locutor.Training.Speech;
using Locutor.Training.Stages;
using TorchSharp;

namespace Locutor.Cli.Commands;

/// <summary><c>locutor train</c>: makes the small model that is shipped.</summary>
internal static class TrainCommand
{
    public static Command Create() => new("train", "Train the small model that is shipped with the program (docs/embedded-model.md).")
    {
        PrepareSpeech(),
        Speech(),
    };

    private static Command PrepareSpeech()
    {
        var output = new Option<FileInfo>("--output") { Description = "File to write.", Required = true };
        var minutes = new Option<double>("--minutes") { Description = "Of training speech.", DefaultValueFactory = _ => 35 };
        var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1 };
        var command = new Command("prepare-speech", "Speak sentences with espeak-ng and write them with their phoneme times.") { output, minutes, seed };
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            var made = SpeechPreparation.Make(parsed.GetValue(minutes), parsed.GetValue(seed), new ConsoleProgress(), cancellation);
            SpeechCorpus.Save(parsed.GetRequiredValue(output).FullName, made);
            Console.WriteLine($"{made.Count} utterances, {made.Sum(u => u.Seconds) / 60:F1} minutes, {new FileInfo(parsed.GetRequiredValue(output).FullName).Length / 1e6:F1} MB");
        }, cancellation));
        return command;
    }

    private static Command Speech()
    {
        var common = new CommonOptions();
        var command = new Command("speech", "Train the speech encoder alone.");
        common.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            var run = common.Run(parsed, cancellation);
            var corpus = SpeechCorpus.Load(parsed.GetRequiredValue(common.SpeechFile).FullName);
            new SpeechStage(run, corpus).Train(parsed.GetValue(common.Toy) ? SketchNetworks.Toy : SketchNetworks.Shipped, new StageOptions("speech", parsed.GetValue(common.StageMinutes) * 60, 1e-3) { ReportEvery = 50 });
        }, cancellation));
        return command;
    }

    private sealed class CommonOptions
    {
        public Option<FileInfo> SpeechFile { get; } = new("--speech") { Description = "Written by prepare-speech.", Required = true };

        public Option<DirectoryInfo> Work { get; } = new("--work") { Description = "Folder of everything a later call goes on with.", Required = true };

        public Option<DirectoryInfo> Output { get; } = new("--output") { Description = "Folder of results.", Required = true };

        public Option<double> Minutes { get; } = new("--minutes") { Description = "That this call may take.", DefaultValueFactory = _ => 9 };

        public Option<double> StageMinutes { get; } = new("--stage-minutes") { Description = "That the stage takes, all calls together.", DefaultValueFactory = _ => 2 };

        public Option<string> DeviceName { get; } = new("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cuda" };

        public Option<bool> Toy { get; } = new("--toy") { Description = "Networks of a size for trying out." };

        public Option<int> Threads { get; } = new("--threads") { Description = "Beside the one that trains.", DefaultValueFactory = _ => Math.Max(1, Environment.ProcessorCount - 2) };

        public void AddTo(Command command)
        {
            foreach (Option option in new Option[] { SpeechFile, Work, Output, Minutes, StageMinutes, DeviceName, Toy, Threads }) command.Options.Add(option);
        }

        public TrainingRun Run(ParseResult parsed, CancellationToken cancellation)
        {
            string work = parsed.GetRequiredValue(Work).FullName, output = parsed.GetRequiredValue(Output).FullName;
            Directory.CreateDirectory(work);
            Directory.CreateDirectory(output);
            return new TrainingRun(torch.device(parsed.GetValue(DeviceName)!), work, output, TimeSpan.FromMinutes(parsed.GetValue(Minutes)), Console.WriteLine)
            {
                Threads = parsed.GetValue(Threads),
                Cancellation = cancellation,
            };
        }
    }

    private sealed class ConsoleProgress : IProgress<string>
    {
        public void Report(string value) => Console.WriteLine(value);
    }
}
