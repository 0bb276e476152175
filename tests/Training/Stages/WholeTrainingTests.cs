using Locutor.Models;
using Locutor.Training.Speech;
using Locutor.Training.Stages;
using static TorchSharp.torch;

namespace Locutor.Training.Tests.Stages;

public sealed class WholeTrainingTests
{
    [Fact]
    public void A_tiny_training_stops_continues_finishes_and_becomes_a_bundle()
    {
        string folder = Directory.CreateTempSubdirectory("locutor-training-").FullName;
        try
        {
            string speech = Path.Combine(folder, "speech.bin"), text = Path.Combine(folder, "text"),
                work = Path.Combine(folder, "work"), results = Path.Combine(folder, "results");
            foreach (string one in new[] { text, work, results }) Directory.CreateDirectory(one);
            SpeechCorpus.Save(speech, SpeechPreparation.Make(0.5, 1, 0, 0, null, TestContext.Current.CancellationToken));
            new TextStage(new TrainingRun(CPU, text, text, TimeSpan.MaxValue, _ => { }))
                .Train(SketchNetworks.Toy, new StageOptions("text", 0, 3e-3) { Steps = 30 }).ShouldBeTrue();

            var options = Short();
            var said = new List<string>();
            bool Train(long maxSteps) =>
                new WholeTraining(
                    new TrainingRun(CPU, work, results, TimeSpan.MaxValue, said.Add) { Threads = 1, MaxSteps = maxSteps },
                    options).Run(speech, text);

            Train(20).ShouldBeFalse("the stages need 77 steps");
            said.ShouldContain(line => line.Contains("picture: stopped at step 10", StringComparison.Ordinal));
            Train(34).ShouldBeFalse();
            said.ShouldContain(line => line.Contains("picture: resumes at step 10", StringComparison.Ordinal));
            said.ShouldContain(line => line.Contains("transformer: stopped at step 8", StringComparison.Ordinal), string.Join('\n', said));
            Train(14).ShouldBeFalse();
            said.ShouldContain(line => line.Contains("distillation: stopped at step 2", StringComparison.Ordinal));
            Train(5).ShouldBeFalse();
            said.ShouldContain(line => line.Contains("upsampler: stopped at step 2", StringComparison.Ordinal), string.Join('\n', said));
            int before = said.Count;
            Train(4).ShouldBeTrue(string.Join('\n', said));
            said.Skip(before).ShouldNotContain(line => line.Contains("transformer: pool of"), "finished stages need no scenes");
            said.Skip(before).ShouldNotContain(line => line.Contains("transformer, unseen people"), "they are not measured again");
            said.ShouldContain(line => line.Contains("decoder: finished at step 4", StringComparison.Ordinal));
            said.ShouldContain(line => line.Contains("transformer: finished at step 20", StringComparison.Ordinal));
            said.ShouldContain(line => line.Contains("transformer, unseen people", StringComparison.Ordinal));
            said.ShouldContain(line => line.Contains("upsampler, unseen people", StringComparison.Ordinal));
            said.ShouldContain(line => line.Contains("distilled, unseen people", StringComparison.Ordinal));

            foreach (string file in Directory.GetFiles(text)) File.Copy(file, Path.Combine(results, Path.GetFileName(file)), true);
            BecomesABundle(folder, results, speech, options, said);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static WholeTrainingOptions Short()
    {
        var toy = WholeTrainingOptions.Toy;
        return toy with
        {
            Speech = toy.Speech with { Steps = 10 },
            Picture = toy.Picture with { Steps = 20 },
            Autoencoder = toy.Autoencoder with { Steps = 12 },
            Decoder = toy.Decoder with { Steps = 4 },
            Transformer = toy.Transformer with { Steps = 20 },
            Distillation = toy.Distillation with { Steps = 5 },
            Upsampler = toy.Upsampler with { Steps = 6 },
            Scenes = toy.Scenes with { Size = 32 },
            PaintedScenes = 2, // each call paints and encodes them anew
            Pool = toy.Pool with { PoolScenes = 4, FirstScenes = 2, Encoded = 2 },
            UnseenScenes = 1,
        };
    }

    /// <summary>A bundle is written, and another training starts from its networks.</summary>
    private static void BecomesABundle(
        string folder, string results, string speech, WholeTrainingOptions options, List<string> said)
    {
        string bundle = Path.Combine(folder, "sketch");
        SketchBundle.Write(results, bundle, options.Networks, options.Scenes).ShouldBeLessThan(4_000_000);
        BundleJson.Read(Path.Combine(bundle, "bundle.json")).HoldPicture.ShouldBeTrue();
        SketchBundle.Unpack(bundle, Directory.CreateDirectory(Path.Combine(folder, "again")).FullName);
        new WholeTraining(
            new TrainingRun(CPU, Path.Combine(folder, "again"), results, TimeSpan.MaxValue, said.Add) { Threads = 1, MaxSteps = 2 },
            options with { Stages = ["distillation"] })
            .Run(speech, null).ShouldBeFalse();
        said.ShouldContain(line => line.Contains("distillation: stopped at step 2", StringComparison.Ordinal));
        new WholeTraining(
            new TrainingRun(CPU, Path.Combine(folder, "again"), results, TimeSpan.MaxValue, said.Add) { Threads = 1, MaxSteps = 2 },
            options with { Stages = ["upsampler"] })
            .Run(speech, null).ShouldBeFalse();
        said.ShouldContain(line => line.StartsWith('[') && line.Contains("upsampler: starts from", StringComparison.Ordinal));
        string empty = Directory.CreateDirectory(Path.Combine(folder, "empty")).FullName;
        var none = new TrainingRun(CPU, empty, results, TimeSpan.MaxValue, said.Add);
        Should.Throw<FileNotFoundException>(() => new WholeTraining(none, options).Run(speech, null)).Message.ShouldContain("--text");
    }
}
