using System.CommandLine;
using Locutor.Training.Optimisation;
using Locutor.Training.Speech;
using Locutor.Training.Stages;
using TorchSharp;

namespace Locutor.Training.Commands;

/// <summary>The command <c>locutor train refine-speech</c>.</summary>
internal static class RefineSpeechCommand
{
    private static readonly Option<FileInfo> Speech = new("--speech")
    {
        Description = "Speech on which the speech encoder was trained.",
        Required = true,
    };

    private static readonly Option<FileInfo[]> More = new("--more")
    {
        Description = "Files of more speech of prepare-speech.",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<DirectoryInfo> From = new("--from")
    {
        Description = "Folder with speech.safetensors of a training.",
        Required = true,
    };

    private static readonly Option<DirectoryInfo> Work = new("--work")
    {
        Description = "Folder of the state from which a later call resumes.",
        Required = true,
    };

    private static readonly Option<DirectoryInfo> Output = new("--output") { Description = "Folder of the result.", Required = true };

    private static readonly Option<double> Minutes = new("--minutes")
    {
        Description = "Duration of the training, over all calls.",
        DefaultValueFactory = _ => 60,
    };

    private static readonly Option<string> Device = new("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };

    private static readonly Option<int> Batch = new("--batch") { Description = "Sounds of 4 s per step.", DefaultValueFactory = _ => 16 };

    private static readonly Option<double> Hold = new("--hold")
    {
        Description = "Weight of the distance to the old features. Lower it if a transformer learns on from the new ones.",
        DefaultValueFactory = _ => 0.1,
    };

    public static Command Create()
    {
        var command = new Command(
            "refine-speech", "Train a finished speech encoder on more voices. The meaning of its features stays.")
            { Speech, More, From, Work, Output, Minutes, Device, Batch, Hold };
        command.SetAction((parsed, cancellationToken) => Task.Run(() => Refine(parsed, cancellationToken), cancellationToken));
        return command;
    }

    private static void Refine(ParseResult parsed, CancellationToken cancellationToken)
    {
        double seconds = 60 * parsed.GetValue(Minutes);
        var run = new TrainingRun(
            torch.device(parsed.GetValue(Device)!), Directory.CreateDirectory(parsed.GetRequiredValue(Work).FullName).FullName,
            Directory.CreateDirectory(parsed.GetRequiredValue(Output).FullName).FullName, TimeSpan.FromSeconds(seconds + 600),
            Console.WriteLine)
        { Cancellation = cancellationToken };
        var stage = new SpeechRefinement(
            run, SpeechCorpus.Load(parsed.GetRequiredValue(Speech).FullName),
            SpeechCorpus.Load(parsed.GetRequiredValue(More).Select(f => f.FullName)),
            parsed.GetValue(Batch))
        {
            HoldWeight = parsed.GetValue(Hold),
        };
        var options = new StageOptions("speech", seconds, 6e-4)
        {
            WarmupSteps = 40,
            ReportEvery = 20,
            Adam = new FlatAdamOptions { AverageDecay = 0.99 },
        };
        stage.Train(parsed.GetRequiredValue(From).FullName, SketchNetworks.Shipped.Speech, options);
    }
}
