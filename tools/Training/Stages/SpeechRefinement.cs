using System.Globalization;
using Locutor.Checkpoints.Formats;
using Locutor.Networks.Layers;
using Locutor.Networks.Wav2Vec2;
using Locutor.Training.Data;
using Locutor.Training.Optimisation;
using Locutor.Training.Speech;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Training.Stages;

/// <summary>
/// Trains a finished speech encoder on more voices, without a change to the meaning of its features, on which a transformer was trained. On
/// the original speech, a loss keeps the features near their old values. On other speech, a fixed linear map per block has to predict the
/// mouth from the features. This map is fitted to the old features by least squares and is not trained.
/// </summary>
public sealed class SpeechRefinement(TrainingRun run, SpeechCorpus learnt, SpeechCorpus more, int batch = 16, int frames = 100)
{
    /// <summary>The number of batches to which the linear map is fitted.</summary>
    private const int Fitted = 20;

    /// <summary>The weight of the distance to the old features, in units of their variance, relative to the error of the mouth.</summary>
    public double HoldWeight { get; init; } = 0.1;

    /// <summary>
    /// Trains <c>speech.safetensors</c> of a folder until the stage ends or the time of the call is over. Every call writes the result to
    /// the output folder.
    /// </summary>
    /// <returns>Whether the stage is finished.</returns>
    public bool Train(string from, Wav2Vec2Config config, StageOptions options)
    {
        string path = Path.Combine(from, "speech.safetensors");
        using var checkpoint = CheckpointFormats.Open(path);
        using var source = new CheckpointParameters(checkpoint);
        var before = new Wav2Vec2Encoder(new Weights(source, float32, run.Device), config) { PieceFeatures = 1 << 20 };
        var (encoder, parameters) = FlatParameters.For(
            w => new Wav2Vec2Encoder(w, config) { PieceFeatures = 1 << 20 }, run.Type, run.Device, run.Seed);
        TensorFile.Fill(path, parameters.Keys.Select(k => KeyValuePair.Create(k, parameters.Part(parameters.Values, k))));
        parameters.Publish();
        using var trainer = new StageTrainer(run, options, parameters);
        var known = SpeechBatch.ByVoice(learnt.Training);
        var other = SpeechBatch.ByVoice(more.Training);
        using var check = SpeechBatch.Make(new Random(5), SpeechBatch.ByVoice(more.Evaluation), 2 * batch, frames, run.Device);
        using var readout = Fit(before, known);
        using var queue = new BatchQueue<Pair>(
            random =>
                new Pair(
                    SpeechBatch.Make(random, known, batch / 3, frames, run.Device),
                    SpeechBatch.Make(random, other, batch - batch / 3, frames, run.Device)),
            run.Threads, 2 * run.Threads, run.Seed + (int)trainer.Steps);
        ReportSamples(before, readout.Map, check, null);
        trainer.Train(_ =>
        {
            using var given = queue.Take();
            return Step(encoder, before, readout, given);
        }, 180, () => ReportSamples(encoder, readout.Map, check, trainer));
        trainer.WithAverage(() => TensorFile.Save(
            run.InOutput("speech.safetensors"),
            parameters.Keys.ToDictionary(k => k, k => parameters.Part(trainer.Average, k).to(bfloat16))));
        parameters.Dispose();
        return trainer.IsDone;
    }

    private List<(string, Tensor)> Step(Wav2Vec2Encoder encoder, Wav2Vec2Encoder before, Readout readout, Pair given)
    {
        using var scope = NewDisposeScope();
        var sounds = cat([given.Known.Audio, given.Other.Audio]).to(run.Device);
        var features = encoder.Forward(sounds, frames).to(float32); // [B, F, blocks, width]
        var target = cat([given.Known.Mouth, given.Other.Mouth]).to(run.Device).unsqueeze(2);
        var predicted = Read(features, readout.Map);
        // [blocks]
        var error = smooth_l1_loss(predicted, target.expand_as(predicted), reduction: nn.Reduction.None, beta: 0.1).mean([0, 1, 3]);
        Tensor old;
        using (no_grad()) old = before.Forward(given.Known.Audio.to(run.Device), frames);
        var moved = ((features.narrow(0, 0, old.shape[0]) - old).square() / readout.Variance).mean();
        (0.7 * error[-1] + 0.3 * error.mean() + HoldWeight * moved).backward();
        return [("loss", error[-1].detach().MoveToOuterDisposeScope()), ("moved", moved.detach().MoveToOuterDisposeScope())];
    }

    /// <summary>Applies the linear maps [blocks, width + 1, figures] to features [B, F, blocks, width].</summary>
    private static Tensor Read(Tensor features, Tensor map)
    {
        using var scope = NewDisposeScope();
        long width = features.shape[3];
        return (einsum("bflw,lwo->bflo", features, map.narrow(1, 0, width)) + map.select(1, width)).MoveToOuterDisposeScope();
    }

    private Readout Fit(Wav2Vec2Encoder encoder, Utterance[][] voices)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var random = new Random(3);
        long blocks = encoder.Config.Blocks, width = encoder.Config.Width;
        var inner = zeros([blocks, width + 1, width + 1], float64);
        var outer = zeros([blocks, width + 1, SpeechBatch.Figures], float64);
        for (int i = 0; i < Fitted; i++)
        {
            using var step = NewDisposeScope();
            using var given = SpeechBatch.Make(random, voices, batch, frames, run.Device);
            // [blocks, N, width]
            var features = encoder.Forward(given.Audio.to(run.Device), frames).to(float64).cpu().flatten(0, 1).transpose(0, 1);
            var rows = cat([features, ones([blocks, features.shape[1], 1], float64)], 2);
            inner.add_(rows.transpose(1, 2).matmul(rows));
            outer.add_(rows.transpose(1, 2).matmul(given.Mouth.to(float64).cpu().flatten(0, 1).unsqueeze(0)));
        }
        double count = inner[0, -1, -1].item<double>();
        var map = linalg.solve(inner + 1e-4 * count * eye(width + 1, dtype: float64), outer);
        var mean = inner.select(1, width).narrow(1, 0, width) / count;
        var variance = inner.diagonal(0, 1, 2).narrow(1, 0, width) / count - mean.square();
        return new Readout(
            map.to(float32).to(run.Device).DetachFromDisposeScope(),
            variance.clamp_min(1e-4).to(float32).to(run.Device).DetachFromDisposeScope());
    }

    private void ReportSamples(Wav2Vec2Encoder encoder, Tensor map, SpeechBatch check, StageTrainer? trainer)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var predicted = Read(encoder.Forward(check.Audio.to(run.Device), frames).to(float32), map).select(2, -1).cpu();
        var figures = check.Correlations(predicted).ToArray();
        foreach (var (name, correlation) in figures) trainer?.Curves.Add("unseen " + name, trainer.Steps, correlation);
        run.Say(
            "speech: unseen voices and sentences, correlations " +
                string.Join(", ", figures.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Name} {f.Correlation:F3}"))));
    }

    private sealed record Readout(Tensor Map, Tensor Variance) : IDisposable
    {
        public void Dispose()
        {
            Map.Dispose();
            Variance.Dispose();
        }
    }

    private sealed record Pair(SpeechBatch Known, SpeechBatch Other) : IDisposable
    {
        public void Dispose()
        {
            Known.Dispose();
            Other.Dispose();
        }
    }
}
