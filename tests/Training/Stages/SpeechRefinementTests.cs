using Locutor.Networks.Wav2Vec2;
using Locutor.Training.Optimisation;
using Locutor.Training.Speech;
using Locutor.Training.Stages;
using static TorchSharp.torch;

namespace Locutor.Training.Tests.Stages;

public sealed class SpeechRefinementTests
{
    [Fact]
    public void A_refined_encoder_hears_more_and_still_means_what_it_meant()
    {
        string folder = Directory.CreateTempSubdirectory("locutor-refinement-").FullName;
        try
        {
            var config = SketchNetworks.Toy.Speech;
            var ct = TestContext.Current.CancellationToken;
            SpeechCorpus Speech(int seed)
            {
                string path = Path.Combine(folder, $"{seed}.bin");
                SpeechCorpus.Save(path, SpeechPreparation.Make(0.3, seed, null, ct));
                return SpeechCorpus.Load(path);
            }
            var (_, parameters) = FlatParameters.For(w => new Wav2Vec2Encoder(w, config), ScalarType.Float32, CPU, 3);
            using (parameters) TensorFile.Save(Path.Combine(folder, "speech.safetensors"), parameters.Keys.ToDictionary(k => k, k => parameters.Part(parameters.Values, k)));
            string results = Directory.CreateDirectory(Path.Combine(folder, "results")).FullName;
            var said = new List<string>();
            var run = new TrainingRun(CPU, results, results, TimeSpan.FromMinutes(2), said.Add) { Threads = 1 };
            var stage = new SpeechRefinement(run, Speech(1), Speech(2), batch: 3, frames: 50);
            stage.Train(folder, config, new StageOptions("speech", 8, 5e-4) { WarmupSteps = 5, ReportEvery = 1 }).ShouldBeTrue(string.Join('\n', said));

            double[] losses = [.. Numbers("loss")], moved = [.. Numbers("moved")];
            losses[^5..].Average().ShouldBeLessThan(losses[..5].Average(), "the mouth is told better");
            moved.Max().ShouldBeLessThan(1, "in units of the features' variance");
            File.Exists(Path.Combine(results, "speech.safetensors")).ShouldBeTrue();

            IEnumerable<double> Numbers(string figure) => said.Where(line => line.Contains($"{figure} ", StringComparison.Ordinal) && line.Contains("steps/s", StringComparison.Ordinal))
                .Select(line => double.Parse(line.Split($"{figure} ")[1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}
