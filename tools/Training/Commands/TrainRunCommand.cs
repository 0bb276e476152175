using System.CommandLine;
using Locutor.Training.Stages;
using TorchSharp;

namespace Locutor.Training.Commands;

/// <summary>The command <c>locutor train run</c>: it trains the networks of the small model, for some minutes at a time.</summary>
internal static class TrainRunCommand
{
    private static readonly Option<FileInfo> Speech = new("--speech") { Description = "File of prepare-speech.", Required = true };
    private static readonly Option<DirectoryInfo?> Text = new("--text")
    {
        Description = "Folder of prepare-text. Without it the text encoder in the work folder is kept, for example that of 'train unpack'.",
    };
    private static readonly Option<DirectoryInfo> Work = new("--work")
    {
        Description = "Folder of the state from which a later call resumes.",
        Required = true,
    };
    private static readonly Option<DirectoryInfo> Output = new("--output")
    {
        Description = "Folder of results: checkpoints, curves, samples.",
        Required = true,
    };
    private static readonly Option<double> Minutes = new("--minutes")
    {
        Description = "Time limit of this call.",
        DefaultValueFactory = _ => 9,
    };
    private static readonly Option<string> Device = new("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cuda" };
    private static readonly Option<double[]> Stages = new("--stage-minutes")
    {
        Description = $"Durations of the stages {string.Join(", ", WholeTrainingOptions.StageNames)}, over all calls.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [1.2, 0.3, 7.5, 1, 12.2, 5, 4],
    };
    private static readonly Option<string[]> Only = new("--stages")
    {
        Description = "Stages of this call; earlier stages must be finished. The default is all stages.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. WholeTrainingOptions.StageNames],
    };
    private static readonly Option<int> Scenes = new("--scenes")
    {
        Description = "Number of painted scenes in memory, 4 MB each.",
        DefaultValueFactory = _ => 3000,
    };
    private static readonly Option<int> Batch = new("--batch")
    {
        Description = "Number of clips per step of the transformer.",
        DefaultValueFactory = _ => 64,
    };
    private static readonly Option<int> Threads = new("--threads")
    {
        Description = "Number of threads that paint scenes while another thread trains.",
        DefaultValueFactory = _ => Math.Max(1, Environment.ProcessorCount - 2),
    };
    private static readonly Option<bool> Toy = new("--toy") { Description = "Tiny networks and batches, to try the training on a CPU." };

    public static Command Create()
    {
        Only.AcceptOnlyFromAmong([.. WholeTrainingOptions.StageNames]);
        var command = new Command("run", "Train the networks for some minutes. The next call continues.")
        {
            Speech, Text, Work, Output, Minutes, Device, Stages, Only, Scenes, Batch, Threads, Toy,
        };
        command.SetAction((parsed, cancellationToken) => Task.Run(() => Run(parsed, cancellationToken), cancellationToken));
        return command;
    }

    private static void Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        var run = new TrainingRun(
            torch.device(parsed.GetValue(Device)!), Directory.CreateDirectory(parsed.GetRequiredValue(Work).FullName).FullName,
            Directory.CreateDirectory(parsed.GetRequiredValue(Output).FullName).FullName,
            TimeSpan.FromMinutes(parsed.GetValue(Minutes)), Console.WriteLine)
        {
            Threads = parsed.GetValue(Threads),
            Cancellation = cancellationToken,
        };
        var options = (
            parsed.GetValue(Toy) ? WholeTrainingOptions.Toy : new WholeTrainingOptions { PaintedScenes = parsed.GetValue(Scenes) })
            .Lasting(parsed.GetValue(Stages)!);
        options = options with { Stages = parsed.GetValue(Only)! };
        if (!parsed.GetValue(Toy)) options = options with { Pool = options.Pool with { Batch = parsed.GetValue(Batch) } };
        bool done = new WholeTraining(run, options).Run(
            parsed.GetRequiredValue(Speech).FullName, parsed.GetValue(Text)?.FullName);
        Console.WriteLine(done ? "all stages are finished" : "not finished: run the command again to continue");
    }
}
