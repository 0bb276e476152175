using Locutor.Networks.Layers;
using Locutor.Networks.Wav2Vec2;
using Locutor.Training.Data;
using Locutor.Training.Optimisation;
using Locutor.Training.Speech;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Training.Stages;

/// <summary>
/// Trains the speech encoder to predict the pose of the mouth. The prediction is made from every block, since the video transformer reads
/// the outputs of all blocks. The last block has the largest weight.
/// </summary>
public sealed class SpeechStage
{
    private readonly TrainingRun run;
    private readonly SpeechCorpus corpus;
    private readonly int batch;
    private readonly int frames;

    /// <param name="batch">The number of sounds per step.</param>
    /// <param name="frames">The number of video frames of each sound.</param>
    public SpeechStage(TrainingRun run, SpeechCorpus corpus, int batch = 64, int frames = 120)
    {
        this.run = run;
        this.corpus = corpus;
        this.batch = batch;
        this.frames = frames;
    }

    /// <summary>Trains until the stage ends or the time of the call is over.</summary>
    /// <returns>Whether the stage is finished. Then <c>speech.safetensors</c> is in the output and work folders.</returns>
    public bool Train(SketchNetworks networks, StageOptions options)
    {
        if (File.Exists(run.InWork("speech.safetensors"))) return true;
        var (network, parameters) = FlatParameters.For(w => new MouthPredictor(w, networks.Speech), run.Type, run.Device, run.Seed);
        using var trainer = new StageTrainer(run, options, parameters);
        run.Say($"speech: {parameters.Count:N0} parameters, {corpus.Training.Count} utterances");
        var voices = SpeechBatch.ByVoice(corpus.Training);
        using var queue = new BatchQueue<SpeechBatch>(
            random => SpeechBatch.Make(random, voices, batch, frames, run.Device), run.Threads, 2 * run.Threads,
            run.Seed + (int)trainer.Steps);
        using var check = SpeechBatch.Make(new Random(5), SpeechBatch.ByVoice(corpus.Evaluation), Math.Min(16, batch), frames, run.Device);
        trainer.Train(_ =>
        {
            using var given = queue.Take();
            return [("loss", Step(network, given))];
        }, 20, () => ReportSamples(network, check, trainer));
        if (!trainer.IsDone) return false;
        trainer.WithAverage(() => Export(parameters, trainer.Average));
        parameters.Dispose();
        return true;
    }

    private Tensor Step(MouthPredictor network, SpeechBatch given)
    {
        using var scope = NewDisposeScope();
        var target = given.Mouth.ToDevice(run.Device).unsqueeze(2); // [B, F, 1, 7]
        var predicted = network.Forward(given.Audio.ToDevice(run.Device), frames); // [B, F, blocks, 7]
        // [blocks]
        var error = smooth_l1_loss(predicted, target.expand_as(predicted), reduction: nn.Reduction.None, beta: 0.1).mean([0, 1, 3]);
        var loss = 0.7 * error[-1] + 0.3 * error.mean();
        loss.backward();
        return error[-1].detach().MoveToOuterDisposeScope();
    }

    private void ReportSamples(MouthPredictor network, SpeechBatch check, StageTrainer trainer)
    {
        using var scope = NewDisposeScope();
        var predicted = network.Forward(check.Audio.ToDevice(run.Device), frames).select(2, -1).to(float32).cpu();
        foreach (var (name, correlation) in check.Correlations(predicted))
        {
            trainer.Curves.Add("unseen " + name, trainer.Steps, correlation);
            run.Say($"speech: unseen voices and sentences, {name} correlation {correlation:F3}");
        }
    }

    private void Export(FlatParameters parameters, Tensor values)
    {
        using var scope = NewDisposeScope();
        var kept = parameters.Keys.Where(k => !k.StartsWith("mouth.", StringComparison.Ordinal))
            .ToDictionary(k => k, k => parameters.Part(values, k).to(bfloat16));
        TensorFile.Save(run.InWork("speech.safetensors"), kept);
        TensorFile.Save(run.InOutput("speech.safetensors"), kept);
    }

    /// <summary>The speech encoder with a linear map per block that predicts the mouth.</summary>
    private sealed class MouthPredictor(Weights weights, Wav2Vec2Config config)
    {
        private readonly Wav2Vec2Encoder encoder = new(weights, config) { PieceFeatures = 1 << 20 };
        private readonly Linear mouth = new(weights["mouth"], config.Width, SpeechBatch.Figures);

        /// <returns>[B, frames, blocks, 7], float32.</returns>
        public Tensor Forward(Tensor audio, long frames)
        {
            using var scope = NewDisposeScope();
            return mouth.Forward(encoder.Forward(audio, frames)).to(float32).MoveToOuterDisposeScope();
        }
    }
}
