using Locutor.Checkpoints.Formats;
using Locutor.Networks.Layers;
using Locutor.Networks.Wav2Vec2;
using Locutor.Training.Speech;
using Locutor.Training.Stages;
using static TorchSharp.torch;

namespace Locutor.Training.Tests.Stages;

public sealed class SpeechRefinementTests
{
    [Fact]
    public void A_refined_encoder_differs_but_its_features_stay_compatible()
    {
        string folder = Directory.CreateTempSubdirectory("locutor-refinement-").FullName;
        try
        {
            var config = SketchNetworks.Toy.Speech;
            var cancellationToken = TestContext.Current.CancellationToken;
            SpeechCorpus Speech(int seed)
            {
                string path = Path.Combine(folder, $"{seed}.bin");
                SpeechCorpus.Save(path, SpeechPreparation.Make(0.3, seed, 0, 0, null, cancellationToken));
                return SpeechCorpus.Load(path);
            }
            var learnt = Speech(1);
            var first = new TrainingRun(CPU, folder, folder, TimeSpan.MaxValue, _ => { }) { Threads = 1 };
            new SpeechStage(first, learnt, batch: 3, frames: 50)
                .Train(SketchNetworks.Toy, new StageOptions("speech", 0, 2e-3) { Steps = 12, WarmupSteps = 5 }).ShouldBeTrue();
            string results = Directory.CreateDirectory(Path.Combine(folder, "results")).FullName;
            var said = new List<string>();
            var run = new TrainingRun(CPU, results, results, TimeSpan.MaxValue, said.Add) { Threads = 1 };
            var stage = new SpeechRefinement(run, learnt, Speech(2), batch: 3, frames: 50);
            stage.Train(folder, config, new StageOptions("speech", 0, 1e-3) { Steps = 12, WarmupSteps = 5, ReportEvery = 1 })
                .ShouldBeTrue(string.Join('\n', said));

            using var off = no_grad();
            using var scope = NewDisposeScope();
            var sound = tensor(learnt.Training[0].Samples).view(1, -1);
            var before = Features(folder);
            var after = Features(results);
            double moved = ((after - before).square().mean() / before.var()).item<float>();
            moved.ShouldBeInRange(1e-6, 0.3, "what the features mean stays, in units of their variance");

            Tensor Features(string of)
            {
                using var checkpoint = CheckpointFormats.Open(Path.Combine(of, "speech.safetensors"));
                using var parameters = new CheckpointParameters(checkpoint);
                return new Wav2Vec2Encoder(new Weights(parameters, ScalarType.Float32, CPU), config).Forward(sound, 40);
            }
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}
