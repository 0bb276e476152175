using Locutor.Models;
using Locutor.Training.Speech;
using Locutor.Training.Stages;
using static TorchSharp.torch;

namespace Locutor.Training.Tests.Stages;

public sealed class WholeTrainingTests
{
    [Fact]
    public void A_tiny_training_stops_goes_on_finishes_and_becomes_a_bundle()
    {
        string folder = Directory.CreateTempSubdirectory("locutor-training-").FullName;
        try
        {
            string speech = Path.Combine(folder, "speech.bin"), text = Path.Combine(folder, "text"), work = Path.Combine(folder, "work"), results = Path.Combine(folder, "results");
            foreach (string one in new[] { text, work, results }) Directory.CreateDirectory(one);
            SpeechCorpus.Save(speech, SpeechPreparation.Make(0.5, 1, null, TestContext.Current.CancellationToken));
            new TextStage(new TrainingRun(CPU, text, text, TimeSpan.FromMinutes(1), _ => { })).Train(SketchNetworks.Toy, new StageOptions("text", 2, 3e-3)).ShouldBeTrue();

            var options = WholeTrainingOptions.Toy.Lasting([0.03, 0.02, 0.05, 0.05]);
            var said = new List<string>();
            var lengths = new Queue<double>([2.5, 600]);
            bool done = false;
            while (!done && lengths.TryDequeue(out double seconds))
                done = new WholeTraining(new TrainingRun(CPU, work, results, TimeSpan.FromSeconds(seconds), said.Add) { Threads = 1 }, options).Go(speech, text);
            done.ShouldBeTrue(string.Join('\n', said));
            lengths.ShouldBeEmpty("the first call should have been too short");
            said.ShouldContain(line => line.Contains("transformer, unseen people", StringComparison.Ordinal));

            foreach (string file in Directory.GetFiles(text)) File.Copy(file, Path.Combine(results, Path.GetFileName(file)), true);
            string bundle = Path.Combine(folder, "sketch");
            SketchBundle.Write(results, bundle, options.Networks, options.Scenes).ShouldBeLessThan(4_000_000);
            BundleJson.Read(Path.Combine(bundle, "bundle.json")).HoldPicture.ShouldBeTrue();
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}
