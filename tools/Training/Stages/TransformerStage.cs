using System.Globalization;
using Locutor.Generation.Sampling;
using Locutor.Networks.VideoTransformer;
using Locutor.Training.Data;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>The options of <see cref="TransformerStage"/>.</summary>
public sealed record TransformerStageOptions
{
    /// <summary>The number of clips per training step.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>The number of scenes in the pool; a multiple of <see cref="Encoded"/>.</summary>
    public int PoolScenes { get; init; } = 6000;

    /// <summary>The number of scenes that are encoded before training starts.</summary>
    public int FirstScenes { get; init; } = 1600;

    /// <summary>The number of scenes that are encoded at once.</summary>
    public int Encoded { get; init; } = 8;

    /// <summary>The number of training steps between two encodings.</summary>
    public int EncodeEvery { get; init; } = 10;

    /// <summary>The shift of timesteps towards noise, equal to that of the sampler.</summary>
    public double Shift { get; init; } = 2;

    /// <summary>The number of steps of the sampler. Their timesteps are drawn more often than others.</summary>
    public int SamplerSteps { get; init; } = 5;

    /// <summary>The share of clips whose audio is dropped.</summary>
    public double AudioDropped { get; init; } = 0.1;

    /// <summary>The largest noise on motion latents. It teaches the network not to repeat small errors of the previous clip.</summary>
    public double MotionNoise { get; init; } = 0.15;

    /// <summary>The seconds between sample sheets.</summary>
    public double SampleEvery { get; init; } = 60;
}

/// <summary>
/// Trains the video transformer by flow matching (Lipman et al., arXiv:2210.02747): it learns the velocity from clean latents to noise.
/// The first latent frames (the picture, or the motion frames of the previous clip) are clean, as in sampling, and have no loss.
/// </summary>
public sealed partial class TransformerStage : IDisposable
{
    private readonly TrainingRun run;
    private readonly SketchNetworks networks;
    private readonly ScriptOptions scenes;
    private readonly TransformerStageOptions settings;
    private readonly SceneBank bank;
    private readonly FrozenNetworks frozen;
    private readonly LatentPool pool;
    private readonly TransformerInputs inputs;
    private readonly Tensor visited;
    private readonly IReadOnlyList<Scene> unseenScenes;
    private UnseenScenes? measured;

    /// <param name="unseenScenes">Scenes with persons, voices and sentences outside the training data.</param>
    public TransformerStage(
        TrainingRun run, SketchNetworks networks, ScriptOptions scenes, SceneBank bank, IReadOnlyList<Scene> unseenScenes,
        TransformerStageOptions settings)
    {
        this.run = run;
        this.networks = networks;
        this.scenes = scenes;
        this.bank = bank;
        this.settings = settings;
        this.unseenScenes = unseenScenes;
        frozen = new FrozenNetworks(run, networks);
        pool = new LatentPool(settings.PoolScenes, scenes, networks, run.Device, run.Type);
        inputs = new TransformerInputs(run, networks, scenes);
        visited = tensor(
            NoiseSchedule.Timesteps(settings.SamplerSteps, settings.Shift).Take(settings.SamplerSteps - 1).Select(t => t / 1000).ToArray(),
            device: run.Device).DetachFromDisposeScope();
    }

    /// <summary>Trains until the stage ends or the time of the call is over.</summary>
    /// <returns>
    /// Whether the stage is finished. <c>transformer-1.safetensors</c> and <c>-2</c> (the moving average) are written at the end of every
    /// call.
    /// </returns>
    public bool Train(StageOptions options)
    {
        var (network, parameters) = FlatParameters.For(w => new VideoTransformer(w, networks.Transformer), run.Type, run.Device, run.Seed);
        using var trainer = new StageTrainer(run, options, parameters);
        if (trainer.Steps == 0 && !trainer.IsWarm) ScaleInitialWeights(parameters);
        run.Say(string.Create(CultureInfo.InvariantCulture, $"transformer: {parameters.Count:N0} parameters"));
        if (!trainer.IsDone)
        {
            FillPool();
            trainer.Train(_ => Step(network, trainer), settings.SampleEvery, () =>
            {
                ReportSamples(network, trainer);
                Export(run.Output, parameters, trainer.Average); // A call that is cut off leaves a checkpoint.
            });
        }
        trainer.WithAverage(() => Export(run.Output, parameters, trainer.Average));
        // The distillation starts from this checkpoint.
        if (trainer.IsDone) trainer.WithAverage(() => Export(run.Work, parameters, trainer.Average));
        parameters.Dispose();
        return trainer.IsDone;
    }

    public void Dispose()
    {
        measured?.Dispose();
        inputs.Dispose();
        visited.Dispose();
        pool.Dispose();
        frozen.Dispose();
    }

    /// <summary>The unseen scenes, encoded at their first use: a call that only finds finished stages does not need them.</summary>
    private UnseenScenes Unseen => measured ??= new UnseenScenes(unseenScenes, scenes, networks, run, frozen);

    /// <summary>
    /// Scales down the initial weights of residual branches, time modulation and the head, so that the untrained network changes its
    /// tokens little.
    /// </summary>
    private static void ScaleInitialWeights(FlatParameters parameters)
    {
        parameters.Rescale(
            k => k.EndsWith("attn.o.weight", StringComparison.Ordinal) || k.EndsWith("proj.weight", StringComparison.Ordinal)
                || k.EndsWith("ffn.2.weight", StringComparison.Ordinal),
            0.4);
        parameters.Rescale(k => k.StartsWith("time_projection.1.weight", StringComparison.Ordinal), 0.2);
        parameters.Rescale(k => k.StartsWith("head.head.weight", StringComparison.Ordinal), 0.1);
    }

    private void FillPool()
    {
        double start = run.Elapsed.TotalSeconds;
        int before = pool.Held;
        while (pool.Held < Math.Min(settings.FirstScenes, settings.PoolScenes) && !run.IsOver) EncodeSome();
        run.Synchronize();
        run.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"transformer: pool of {pool.Held} scenes, {pool.Held - before} encoded in {run.Elapsed.TotalSeconds - start:F1} s; " +
            $"{bank.Ready} more are painted"));
    }

    private void EncodeSome() => frozen.Encode([.. Enumerable.Range(0, settings.Encoded).Select(_ => bank.Take())], scenes, networks, pool);

    private IReadOnlyList<(string, Tensor)> Step(VideoTransformer network, StageTrainer trainer)
    {
        if (trainer.Steps % settings.EncodeEvery == 0 && bank.Ready >= settings.Encoded) EncodeSome();
        using var scope = NewDisposeScope();
        int batch = settings.Batch;
        var (clip, scene, continues) = pool.Draw(batch);
        var clean = pool.Latents.index_select(0, clip).to(float32); // [B, 16, F, h, w]
        var sigma = Sigmas(batch).view(-1, 1, 1, 1, 1);
        var noise = randn_like(clean);
        var kept = inputs.Kept(continues, clean.shape[2]); // [B, 1, F, 1, 1]
        var motionNoise = rand([batch, 1, 1, 1, 1], float32, run.Device) * settings.MotionNoise * continues.view(-1, 1, 1, 1, 1);
        var noisy = where(kept, clean + randn_like(clean) * motionNoise, clean + sigma * (noise - clean));
        var mood = pool.Moods.index_select(0, scene);
        var audio = pool.Audio.index_select(0, clip) * rand([batch, 1, 1, 1], float32, run.Device).gt(settings.AudioDropped)
            .to(pool.Audio.dtype);
        var given = inputs.Condition(network, inputs.RandomPrompts(mood), pool.Images.index_select(0, scene), audio);
        var velocity = network.Forward(
            noisy, TransformerInputs.Reference(pool.Stills.index_select(0, scene)), sigma.flatten() * 1000, given, inputs.Rotary);
        var weights = pool.Weights.index_select(0, scene).view(batch, 1, 1, clean.shape[3], clean.shape[4]) * kept.logical_not()
            .to(float32);
        var error = (velocity - (noise - clean)).square();
        var loss = (error * weights).sum() / (weights.sum() * clean.shape[1]);
        loss.backward();
        return [("loss", loss.detach().MoveToOuterDisposeScope())];
    }

    /// <summary>
    /// Draws timesteps from a logit-normal distribution, shifted towards noise (Esser et al., arXiv:2403.03206), or near a timestep of
    /// the sampler.
    /// </summary>
    private Tensor Sigmas(int count)
    {
        using var scope = NewDisposeScope();
        var u = randn(count, float32, run.Device).sigmoid();
        var anywhere = u * settings.Shift / (1 + (settings.Shift - 1) * u);
        var stops = visited.index_select(0, randint(0, visited.shape[0], [count], dtype: ScalarType.Int64, device: run.Device));
        var near = (stops + 0.02 * randn(count, float32, run.Device)).clamp(0.002, 1);
        return where(rand(count, float32, run.Device).gt(0.4), anywhere, near).MoveToOuterDisposeScope();
    }

    private void ReportSamples(VideoTransformer network, StageTrainer trainer)
    {
        using var scope = NewDisposeScope();
        foreach (int steps in new[] { 3, settings.SamplerSteps })
        {
            var figures = Unseen.Measure(
                prompt => Sample(network, prompt, NoiseSchedule.Timesteps(steps, settings.Shift)),
                steps == settings.SamplerSteps ? run.InOutput("transformer-samples.png") : null);
            trainer.Curves.Add($"opening correlation, {steps} steps", trainer.Steps, figures.Correlation);
            trainer.Curves.Add($"rest psnr, {steps} steps", trainer.Steps, figures.RestPsnr);
            run.Say(string.Create(CultureInfo.InvariantCulture,
                $"transformer, unseen people, {steps} steps: opening correlation {figures.Correlation:F3} (lag {figures.Lag:F2} " +
                $"frames), through the autoencoder alone {figures.Ceiling:F3}; psnr of the rest {figures.RestPsnr:F2} dB; mean " +
                $"opening on silence {figures.Silent:F3} against {figures.Speaking:F3}"));
        }
    }

    /// <summary>Samples clips of the unseen scenes as the generator does.</summary>
    private Tensor Sample(VideoTransformer network, UnseenScenes.Prompt prompt, float[] timesteps)
    {
        using var scope = NewDisposeScope();
        long batch = prompt.Still.shape[0];
        var given = inputs.Condition(network, inputs.DefaultPrompt(batch), prompt.Image, prompt.Audio);
        var reference = TransformerInputs.Reference(prompt.Still);
        long frames = prompt.Still.shape[2];
        using var generator = new Generator(7, CPU);
        var latent = randn(prompt.Still.shape, float32, CPU, generator: generator).to(run.Device);
        for (int i = 0; i < timesteps.Length - 1; i++)
        {
            latent = cat([prompt.Clean, latent.narrow(2, prompt.Clean.shape[2], frames - prompt.Clean.shape[2])], 2);
            var velocity = network.Forward(latent, reference, full([batch], timesteps[i], float32, run.Device), given, inputs.Rotary);
            latent = latent - velocity * ((timesteps[i] - timesteps[i + 1]) / 1000);
        }
        return cat([prompt.Clean, latent.narrow(2, prompt.Clean.shape[2], frames - prompt.Clean.shape[2])], 2).MoveToOuterDisposeScope();
    }

    private static void Export(string folder, FlatParameters parameters, Tensor values)
    {
        using var scope = NewDisposeScope();
        ResultFiles.SaveHalves(
            folder, "transformer", parameters.Keys.Select(k => KeyValuePair.Create(k, parameters.Part(values, k).to(bfloat16))));
    }
}
