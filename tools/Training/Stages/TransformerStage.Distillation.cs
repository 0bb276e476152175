using System.Globalization;
using Locutor.Generation.Sampling;
using Locutor.Networks.VideoTransformer;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// The options of the distillation. The student learns to reach in few steps without guidance the latents that the teacher reaches in more
/// steps with guidance.
/// </summary>
public sealed record DistillationOptions
{
    /// <summary>The number of steps of the teacher; a multiple of <see cref="Steps"/>. The first step uses guidance.</summary>
    public int TeacherSteps { get; init; } = 4;

    /// <summary>The number of steps of the student.</summary>
    public int Steps { get; init; } = 2;

    public double TextGuidance { get; init; } = 3;

    public double AudioGuidance { get; init; } = 3;

    /// <summary>The number of clips per training step.</summary>
    public int Batch { get; init; } = 48;

    /// <summary>The share of clips with the default prompt, which needs no text guidance.</summary>
    public double DefaultPrompt { get; init; } = 0.4;
}

/// <summary>
/// Progressive distillation (Salimans and Ho, arXiv:2202.00512) of the guided sampler: one step of the student covers several of the
/// teacher.
/// </summary>
public sealed partial class TransformerStage
{
    /// <summary>Distils the transformer of the work folder until the stage ends or the time of the call is over.</summary>
    /// <returns>
    /// Whether the stage is finished. The student (its moving average) is written as <c>transformer-1.safetensors</c> and <c>-2</c> to
    /// the output folder.
    /// </returns>
    public bool Distil(StageOptions options, DistillationOptions distillation)
    {
        using var opened = Checkpoints.Formats.OverlaidCheckpoint.Open(ResultFiles.Find(run.Work, "transformer"));
        using var source = new Networks.Layers.CheckpointParameters(opened);
        var teacher = new VideoTransformer(new Networks.Layers.Weights(source, run.Type, run.Device), networks.Transformer);
        var (student, parameters) = FlatParameters.For(w => new VideoTransformer(w, networks.Transformer), run.Type, run.Device, run.Seed);
        using var trainer = new StageTrainer(run, options, parameters, startFrom: "transformer");
        float[] times = NoiseSchedule.EvenTimesteps(distillation.TeacherSteps, settings.Shift);
        if (!trainer.IsDone)
        {
            FillPool();
            trainer.Train(_ => DistilStep(student, teacher, trainer, distillation, times), settings.SampleEvery, () =>
            {
                ReportDistilledSamples(student, trainer, distillation.Steps);
                Export(run.Output, parameters, trainer.Average); // A call that is cut off leaves a checkpoint.
            });
        }
        trainer.WithAverage(() => Export(run.Output, parameters, trainer.Average));
        parameters.Dispose();
        return trainer.IsDone;
    }

    private IReadOnlyList<(string, Tensor)> DistilStep(
        VideoTransformer student, VideoTransformer teacher, StageTrainer trainer, DistillationOptions options, float[] times)
    {
        if (trainer.Steps % settings.EncodeEvery == 0 && bank.Ready >= settings.Encoded) EncodeSome();
        using var scope = NewDisposeScope();
        var (clip, scene, continues) = pool.Draw(options.Batch);
        var clean = pool.Latents.index_select(0, clip).to(float32);
        var kept = inputs.Kept(continues, clean.shape[2]);
        var motionNoise = rand([options.Batch, 1, 1, 1, 1], float32, run.Device) * settings.MotionNoise * continues.view(-1, 1, 1, 1, 1);
        var given = clean + randn_like(clean) * motionNoise;
        var asked = rand(options.Batch, float32, run.Device).gt(options.DefaultPrompt);
        var mood = where(asked, pool.Moods.index_select(0, scene), zeros_like(scene));
        var plain = inputs.DefaultPrompt(options.Batch);
        var prompt = new DistilledClips(
            where(asked.view(-1, 1, 1), inputs.RandomPrompts(mood), plain), plain, pool.Images.index_select(0, scene),
            pool.Audio.index_select(0, clip), TransformerInputs.Reference(pool.Stills.index_select(0, scene)), given, kept);
        var path = TeacherPath(teacher, prompt, options, times);
        int stride = options.TeacherSteps / options.Steps;
        var from = cat([.. Enumerable.Range(0, options.Steps).Select(i => path[i * stride])], 0);
        var sigma = cat(
            [.. Enumerable.Range(0, options.Steps).Select(i => full(options.Batch, times[i * stride], float32, run.Device))], 0);
        var target = cat(
            [
                .. Enumerable.Range(0, options.Steps).Select(
                    i => (path[i * stride] - path[(i + 1) * stride]) / ((times[i * stride] - times[(i + 1) * stride]) / 1000))
            ],
            0);
        var condition = inputs.Condition(
            student, Repeat(prompt.Text, options.Steps), Repeat(prompt.Image, options.Steps), Repeat(prompt.Audio, options.Steps));
        var velocity = student.Forward(from, Repeat(prompt.Reference, options.Steps), sigma, condition, inputs.Rotary);
        var weights = Repeat(
            pool.Weights.index_select(0, scene).view(options.Batch, 1, 1, clean.shape[3], clean.shape[4]) * kept.logical_not().to(float32),
            options.Steps);
        var loss = ((velocity - target).square() * weights).sum() / (weights.sum() * clean.shape[1]);
        loss.backward();
        return [("loss", loss.detach().MoveToOuterDisposeScope())];
    }

    /// <summary>Returns the latents before every step of the teacher and after the last step.</summary>
    private List<Tensor> TeacherPath(VideoTransformer teacher, DistilledClips clips, DistillationOptions options, float[] times)
    {
        using var off = no_grad();
        var condition = inputs.Condition(teacher, clips.Text, clips.Image, clips.Audio);
        var withoutText = inputs.Condition(teacher, clips.Plain, clips.Image, clips.Audio);
        var withoutBoth = inputs.Condition(teacher, clips.Plain, clips.Image, zeros_like(clips.Audio));
        var latent = where(clips.Kept, clips.Clean, randn_like(clips.Clean));
        var path = new List<Tensor> { latent };
        for (int i = 0; i < options.TeacherSteps; i++)
        {
            var time = full([latent.shape[0]], times[i], float32, run.Device);
            var velocity = teacher.Forward(latent, clips.Reference, time, condition, inputs.Rotary);
            if (i == 0)
            {
                var spoken = teacher.Forward(latent, clips.Reference, time, withoutText, inputs.Rotary);
                var silent = teacher.Forward(latent, clips.Reference, time, withoutBoth, inputs.Rotary);
                velocity = silent + (velocity - spoken) * options.TextGuidance + (spoken - silent) * options.AudioGuidance;
            }
            latent = where(clips.Kept, clips.Clean, latent - velocity * ((times[i] - times[i + 1]) / 1000));
            path.Add(latent);
        }
        return path;
    }

    private static Tensor Repeat(Tensor batch, int times) => cat([.. Enumerable.Repeat(batch, times)], 0);

    private void ReportDistilledSamples(VideoTransformer network, StageTrainer trainer, int steps)
    {
        using var scope = NewDisposeScope();
        float[] times = NoiseSchedule.EvenTimesteps(steps, settings.Shift);
        var figures = Unseen.Measure(prompt => Sample(network, prompt, times), run.InOutput("distilled-samples.png"));
        trainer.Curves.Add("opening correlation", trainer.Steps, figures.Correlation);
        run.Say(string.Create(CultureInfo.InvariantCulture,
            $"distilled, unseen people, {steps} steps: opening correlation {figures.Correlation:F3} (lag {figures.Lag:F2} frames); " +
            $"psnr of the rest {figures.RestPsnr:F2} dB; mean opening on silence {figures.Silent:F3} against {figures.Speaking:F3}"));
    }

    /// <param name="Plain">The embedding of the default prompt.</param>
    /// <param name="Clean">The clean latents. Those marked by <paramref name="Kept"/> are given to the network.</param>
    private sealed record DistilledClips(
        Tensor Text, Tensor Plain, Tensor Image, Tensor Audio, Tensor Reference, Tensor Clean, Tensor Kept);
}
