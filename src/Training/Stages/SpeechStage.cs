using Locutor.Networks.Layers;
using Locutor.Networks.Wav2Vec2;
using Locutor.Training.Data;
using Locutor.Training.Optimisation;
using Locutor.Training.Speech;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Training.Stages;

/// <summary>
/// Trains the speech encoder to say where the mouth is. Every block is asked, so that each block's output, which the video transformer
/// reads, is about the mouth; the last one counts most.
/// </summary>
public sealed class SpeechStage
{
    private const int Figures = MouthPose.Size + 1;
    private readonly TrainingRun run;
    private readonly SpeechCorpus corpus;
    private readonly int batch;
    private readonly int frames;

    /// <param name="batch">Sounds of a step.</param>
    /// <param name="frames">Video frames of each.</param>
    public SpeechStage(TrainingRun run, SpeechCorpus corpus, int batch = 64, int frames = 120)
    {
        this.run = run;
        this.corpus = corpus;
        this.batch = batch;
        this.frames = frames;
    }

    /// <summary>Trains until the stage or the call is over.</summary>
    /// <returns>Whether the stage is finished; then <c>speech.safetensors</c> is in the output and work folders.</returns>
    public bool Train(SketchNetworks networks, StageOptions options)
    {
        if (File.Exists(run.InWork("speech.safetensors"))) return true;
        var (network, parameters) = FlatParameters.For(w => new Listener(w, networks.Speech), run.Type, run.Device, run.Seed);
        using var trainer = new StageTrainer(run, options, parameters);
        run.Say($"speech: {parameters.Count:N0} parameters, {corpus.Training.Count} utterances");
        var voices = corpus.Training.GroupBy(u => u.Voice).Select(g => g.ToArray()).ToArray();
        var heldOut = corpus.Evaluation.GroupBy(u => u.Voice).Select(g => g.ToArray()).ToArray();
        using var queue = new BatchQueue<Batch>(random => Make(random, voices, batch, frames), run.Threads, 2 * run.Threads, run.Seed + (int)trainer.Steps);
        using var check = Make(new Random(5), heldOut, Math.Min(16, batch), frames);
        trainer.Train(_ =>
        {
            using var given = queue.Take();
            return [("loss", Step(network, given))];
        }, 20, () => Look(network, check, trainer));
        if (!trainer.IsDone) return false;
        trainer.WithAverage(() => Export(parameters, trainer.Average));
        parameters.Dispose();
        return true;
    }

    private Tensor Step(Listener network, Batch given)
    {
        using var scope = NewDisposeScope();
        var target = given.Mouth.ToDevice(run.Device).unsqueeze(2); // [B, F, 1, 7]
        var said = network.Forward(given.Audio.ToDevice(run.Device), frames); // [B, F, blocks, 7]
        var error = smooth_l1_loss(said, target.expand_as(said), reduction: nn.Reduction.None, beta: 0.1).mean([0, 1, 3]); // [blocks]
        var loss = 0.7 * error[-1] + 0.3 * error.mean();
        loss.backward();
        return error[-1].detach().MoveToOuterDisposeScope();
    }

    private void Look(Listener network, Batch check, StageTrainer trainer)
    {
        using var scope = NewDisposeScope();
        var said = network.Forward(check.Audio.ToDevice(run.Device), frames).select(2, -1).to(float32).cpu();
        for (int i = 0; i < 4; i++)
        {
            double correlation = Correlation(said.select(2, i), check.Mouth.select(2, i));
            trainer.Curves.Add("unseen " + Names[i], trainer.Steps, correlation);
            run.Say($"speech: unseen voices and sentences, {Names[i]} correlation {correlation:F3}");
        }
    }

    private static readonly string[] Names = ["jaw", "width", "round", "press"];

    private static double Correlation(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        var x = a.flatten() - a.mean();
        var y = b.flatten() - b.mean();
        return ((x * y).sum() / ((x * x).sum() * (y * y).sum()).sqrt().clamp_min(1e-9)).item<float>();
    }

    private void Export(FlatParameters parameters, Tensor values)
    {
        using var scope = NewDisposeScope();
        var kept = parameters.Keys.Where(k => !k.StartsWith("mouth.", StringComparison.Ordinal)).ToDictionary(k => k, k => parameters.Part(values, k).to(bfloat16));
        TensorFile.Save(run.InWork("speech.safetensors"), kept);
        TensorFile.Save(run.InOutput("speech.safetensors"), kept);
    }

    private Batch Make(Random random, Utterance[][] voices, int count, int length)
    {
        float[] audio = new float[count * length * SpeechMix.FrameSamples], mouth = new float[count * length * Figures];
        for (int b = 0; b < count; b++)
        {
            var mix = random.Next(12) == 0 ? SpeechMix.Silence(length, random) : SpeechMix.Compose(voices[random.Next(voices.Length)], length, random);
            RoomSound.Apply(mix.Audio, random);
            RoomSound.Normalise(mix.Audio);
            float gain = (float)Math.Pow(10, (random.NextDouble() - 0.5) * 0.3);
            for (int i = 0; i < mix.Audio.Length; i++) audio[b * mix.Audio.Length + i] = gain * mix.Audio[i];
            for (int f = 0; f < length; f++)
            {
                var to = mouth.AsSpan((b * length + f) * Figures, Figures);
                mix.Mouth[f].Write(to);
                to[^1] = mix.Loudness[f];
            }
        }
        return new Batch(HostTensor.Of(audio, [count, audio.Length / count], run.Device), HostTensor.Of(mouth, [count, length, Figures], run.Device));
    }

    private sealed record Batch(Tensor Audio, Tensor Mouth) : IDisposable
    {
        public void Dispose()
        {
            Audio.Dispose();
            Mouth.Dispose();
        }
    }

    /// <summary>The speech encoder and a reading of the mouth from each of its blocks.</summary>
    private sealed class Listener(Weights weights, Wav2Vec2Config config)
    {
        private readonly Wav2Vec2Encoder encoder = new(weights, config) { PieceFeatures = 1 << 20 };
        private readonly Linear mouth = new(weights["mouth"], config.Width, Figures);

        /// <returns>[B, frames, blocks, 7], float32.</returns>
        public Tensor Forward(Tensor audio, long frames)
        {
            using var scope = NewDisposeScope();
            return mouth.Forward(encoder.Forward(audio, frames)).to(float32).MoveToOuterDisposeScope();
        }
    }
}
