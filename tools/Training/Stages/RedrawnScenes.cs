using Locutor.Checkpoints.Formats;
using Locutor.Generation.Sampling;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoTransformer;
using Locutor.Training.Data;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// Redraws rendered scenes with the finished networks, so that a later stage learns from frames with the errors of these networks. The true
/// latents of a clip are noised to the last timestep of the sampler, and one step of the video transformer removes the noise. The result
/// keeps the true pose, unlike a clip that is sampled from noise alone.
/// </summary>
internal sealed class RedrawnScenes : IDisposable
{
    private readonly SketchNetworks networks;
    private readonly ScriptOptions scenes;
    private readonly FrozenNetworks frozen;
    private readonly TransformerInputs inputs;
    private readonly OverlaidCheckpoint checkpoint;
    private readonly CheckpointParameters parameters;
    private readonly VideoTransformer transformer;
    private readonly double sigma;
    private readonly TrainingRun run;

    /// <param name="steps">The number of steps of the sampler.</param>
    /// <param name="shift">The shift of the timesteps.</param>
    public RedrawnScenes(TrainingRun run, SketchNetworks networks, ScriptOptions scenes, int steps, double shift)
    {
        (this.run, this.networks, this.scenes) = (run, networks, scenes);
        frozen = new FrozenNetworks(run, networks);
        inputs = new TransformerInputs(run, networks, scenes);
        string[] distilled = ResultFiles.Find(run.Output, "transformer");
        checkpoint = OverlaidCheckpoint.Open(distilled.Length > 0 ? distilled : ResultFiles.Find(run.Work, "transformer"));
        parameters = new CheckpointParameters(checkpoint);
        transformer = new VideoTransformer(new Weights(parameters, run.Type, run.Device), networks.Transformer);
        sigma = NoiseSchedule.EvenTimesteps(steps, shift)[steps - 1] / 1000;
    }

    /// <summary>Redraws all clips of some scenes.</summary>
    /// <returns>
    /// The frames, [scenes * clips, 3, clip frames, h, w] in [-1, 1], and the portraits as the autoencoder draws them, [scenes, 3, h, w].
    /// </returns>
    public (Tensor Drawn, Tensor Portraits) Redraw(IReadOnlyList<Scene> some)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var pool = new LatentPool(some.Count, scenes, networks, run.Device, run.Type);
        frozen.Encode(some, scenes, networks, pool);
        var drawn = new List<Tensor>();
        for (int clip = 0; clip < scenes.Clips; clip++) drawn.Add(Clip(pool, some.Count, clip));
        const int few = 2; // latent frames, of which the last shows the portrait at rest
        var still = frozen.Autoencoder.Decode(pool.Stills.narrow(2, 0, few)).to(float32).clamp(-1, 1);
        return (stack([.. drawn], 1).flatten(0, 1).MoveToOuterDisposeScope(), still.select(2, -1).clone().MoveToOuterDisposeScope());
    }

    public void Dispose()
    {
        parameters.Dispose();
        checkpoint.Dispose();
        inputs.Dispose();
        frozen.Dispose();
    }

    private Tensor Clip(LatentPool pool, int count, int clip)
    {
        using var scope = NewDisposeScope();
        var rows = arange(count, dtype: ScalarType.Int64, device: run.Device) * scenes.Clips + clip;
        var clean = pool.Latents.index_select(0, rows).to(float32);
        var kept = inputs.Kept(full(count, clip > 0 ? 1 : 0, ScalarType.Int64, run.Device), clean.shape[2]);
        var noisy = where(kept, clean, clean + (randn_like(clean) - clean) * sigma);
        var condition = inputs.Condition(transformer, inputs.RandomPrompts(pool.Moods), pool.Images, pool.Audio.index_select(0, rows));
        var velocity = transformer.Forward(
            noisy, TransformerInputs.Reference(pool.Stills), full(count, 1000 * sigma, float32, run.Device), condition, inputs.Rotary);
        var latent = where(kept, clean, noisy - velocity * sigma);
        return frozen.Autoencoder.Decode(latent).to(float32).clamp(-1, 1).MoveToOuterDisposeScope();
    }
}
