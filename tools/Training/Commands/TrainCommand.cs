using System.CommandLine;
using System.Runtime.InteropServices;
using Locutor.Training.Faces;
using Locutor.Training.Optimisation;
using Locutor.Training.Speech;
using Locutor.Training.Stages;
using TorchSharp;

namespace Locutor.Training.Commands;

/// <summary>The command <c>locutor train</c>: it trains the small model that the program ships with.</summary>
internal static class TrainCommand
{
    public static Command Create() => new("train", "Train the small model that is shipped with the program (docs/notes/embedded-model.md).")
    {
        PrepareSpeech(),
        PrepareText(),
        TrainRunCommand.Create(),
        RefineSpeechCommand.Create(),
        Bundle(),
        Unpack(),
        Average(),
        FaceFinder(),
    };

    private static Command PrepareSpeech()
    {
        var output = new Option<FileInfo>("--output") { Description = "File to write.", Required = true };
        var minutes = new Option<double>("--minutes") { Description = "Minutes of training speech.", DefaultValueFactory = _ => 35 };
        var seed = new Option<int>("--seed") { Description = "Seed of sentences and voices.", DefaultValueFactory = _ => 1 };
        var invented = new Option<int>("--invented-voices")
        {
            Description = $"Voices of random vocal tracts, used in addition to those of espeak-ng; at most {InventedVoices.Most}.",
        };
        invented.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var count and (< 0 or > InventedVoices.Most))
                result.AddError($"--invented-voices: expected 0 to {InventedVoices.Most}, found {count}");
        });
        var flite = new Option<double>("--flite")
        {
            Description = "Share of sentences that flite speaks, 0 to 1: English with voices made from recordings of people.",
        };
        var command = new Command(
            "prepare-speech", "Speak sentences with espeak-ng and write them with the times of their phonemes.")
            { output, minutes, seed, invented, flite };
        command.SetAction((parsed, cancellationToken) => Task.Run(() =>
        {
            var made = SpeechPreparation.Make(
                parsed.GetValue(minutes), parsed.GetValue(seed), parsed.GetValue(invented), parsed.GetValue(flite), new ConsoleProgress(),
                cancellationToken);
            SpeechCorpus.Save(parsed.GetRequiredValue(output).FullName, made);
            Console.WriteLine(
                $"{made.Count} utterances, {made.Sum(u => u.Seconds) / 60:F1} minutes, " +
                $"{new FileInfo(parsed.GetRequiredValue(output).FullName).Length / 1e6:F1} MB");
        }, cancellationToken));
        return command;
    }

    private static Command PrepareText()
    {
        var output = new Option<DirectoryInfo>("--output")
        {
            Description = "Folder for tokenizer.model and text.safetensors.",
            Required = true,
        };
        var minutes = new Option<double>("--minutes")
        {
            Description = "Duration of the training of the text encoder, on the CPU.",
            DefaultValueFactory = _ => 1,
        };
        var command = new Command(
            "prepare-text", "Train the tokenizer (with spm_train) and the text encoder on prompts.") { output, minutes };
        command.SetAction((parsed, cancellationToken) => Task.Run(() =>
        {
            string folder = Directory.CreateDirectory(parsed.GetRequiredValue(output).FullName).FullName;
            double seconds = 60 * parsed.GetValue(minutes);
            var run = new TrainingRun(
                torch.CPU, folder, folder, TimeSpan.FromSeconds(2 * seconds + 60), Console.WriteLine)
            { Cancellation = cancellationToken };
            var adam = new FlatAdamOptions { AverageDecay = 0.98 };
            new TextStage(run).Train(SketchNetworks.Shipped, new StageOptions("text", seconds, 3e-3) { WarmupSteps = 20, Adam = adam });
        }, cancellationToken));
        return command;
    }

    private static Command Bundle()
    {
        var from = new Option<DirectoryInfo>("--from")
        {
            Description = "Folder with the results of prepare-text and run.",
            Required = true,
        };
        var output = new Option<DirectoryInfo>("--output") { Description = "Folder of the bundle.", Required = true };
        var toy = new Option<bool>("--toy") { Description = "Use the sizes of 'run --toy'." };
        var command = new Command(
            "bundle", "Make a bundle of the trained networks: 8-bit weights, configuration, presets, checksums.") { from, output, toy };
        command.SetAction(parsed =>
        {
            var options = parsed.GetValue(toy) ? WholeTrainingOptions.Toy : new WholeTrainingOptions();
            long bytes = SketchBundle.Write(
                parsed.GetRequiredValue(from).FullName, parsed.GetRequiredValue(output).FullName, options.Networks, options.Scenes);
            Console.WriteLine($"{parsed.GetRequiredValue(output).FullName}: {bytes / 1e6:F1} MB");
        });
        return command;
    }

    private static Command Unpack()
    {
        var from = new Option<DirectoryInfo>("--from") { Description = "Folder of a bundle made by 'train bundle'.", Required = true };
        var output = new Option<DirectoryInfo>("--output")
        {
            Description = "Work folder of a training that will start from these networks.",
            Required = true,
        };
        var command = new Command("unpack", "Write the networks of a bundle as the finished stages of a training.") { from, output };
        command.SetAction(parsed => SketchBundle.Unpack(
            parsed.GetRequiredValue(from).FullName, Directory.CreateDirectory(parsed.GetRequiredValue(output).FullName).FullName));
        return command;
    }

    private static Command Average()
    {
        var of = new Option<FileInfo[]>("--of")
        {
            Description = "Two files of one network: before and after a training.",
            Required = true,
            Arity = new ArgumentArity(2, 2),
            AllowMultipleArgumentsPerToken = true,
        };
        var output = new Option<FileInfo>("--output") { Description = "File to write; it may be one of the two.", Required = true };
        var share = new Option<double>("--share") { Description = "Weight of the second file, 0 to 1.", DefaultValueFactory = _ => 0.5 };
        share.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is var given and not (>= 0 and <= 1))
                result.AddError($"--share: expected 0 to 1, found {given}");
        });
        var command = new Command("average", "Write the mean of a network's weights before and after a training.") { of, share, output };
        command.SetAction(parsed =>
        {
            var files = parsed.GetRequiredValue(of);
            string mean = parsed.GetRequiredValue(output).FullName;
            WeightAverage.Write(files[0].FullName, files[1].FullName, parsed.GetValue(share), mean);
        });
        return command;
    }

    private static Command FaceFinder()
    {
        var output = new Option<FileInfo>("--output")
        {
            Description = "File to write: src/Generation/Conditioning/face-finder.bin.",
            Required = true,
        };
        var people = new Option<int>("--people") { Description = "Number of painted faces.", DefaultValueFactory = _ => 900 };
        var command = new Command("face-finder", "Fit the weights that find a face in a picture that is not square.") { output, people };
        command.SetAction(parsed =>
        {
            float[] weights = FaceFinderTraining.Fit(parsed.GetValue(people), each: 14);
            File.WriteAllBytes(parsed.GetRequiredValue(output).FullName, MemoryMarshal.AsBytes(weights.AsSpan()));
        });
        return command;
    }

    private sealed class ConsoleProgress : IProgress<string>
    {
        public void Report(string value) => Console.WriteLine(value);
    }
}
