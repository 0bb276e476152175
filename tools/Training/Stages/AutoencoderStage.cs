using System.Globalization;
using System.Text.Json;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Training.Data;
using Locutor.Training.Faces;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// Trains the video autoencoder on single pictures, then on short crops, then on crops with the length of a clip, and finally on whole
/// frames. The last two phases are needed because the generator encodes whole clips: the causal layers then depend on all earlier frames of
/// a clip, and the attention on a whole frame.
/// </summary>
public sealed class AutoencoderStage(TrainingRun run, SceneBank bank, ScriptOptions scenes, double load = 1)
{
    private const double LatentNoise = 0.08, LatentPenalty = 2e-4;

    /// <summary>The phases: the progress at which each ends, its number of samples and frames, and its side in pixels.</summary>
    private readonly Phase[] phases =
    [
        new(0.20, Count(48 * load), 1, scenes.Size),
        new(0.42, Count(24 * load), 9, scenes.Size / 2),
        new(0.82, Count(8 * load), scenes.ClipFrames, scenes.Size / 2),
        new(double.MaxValue, Count(3 * load), scenes.ClipFrames, scenes.Size),
    ];

    /// <summary>
    /// The phases of training the decoder alone. The generator decodes only the moving part of a clip, which is about as large as the last
    /// crops.
    /// </summary>
    private readonly Phase[] decoderPhases =
    [
        new(0.7, Count(8 * load), scenes.ClipFrames, scenes.Size / 2),
        new(double.MaxValue, Count(4 * load), scenes.ClipFrames, scenes.Size / 4 * 3),
    ];

    /// <summary>Trains until the stage ends or the time of the call is over.</summary>
    /// <returns>
    /// Whether the stage is finished. Then <c>autoencoder-1.safetensors</c>, <c>-2</c> and <c>autoencoder.json</c> (with measured latent
    /// mean and std) are in the output and work folders.
    /// </returns>
    public bool Train(VideoAutoencoderConfig config, StageOptions options)
    {
        if (ResultFiles.Find(run.Work, "autoencoder").Length > 0 && File.Exists(run.InWork("autoencoder.json"))) return true;
        var (network, parameters) = FlatParameters.For(w => new VideoAutoencoder(w, config), run.Type, run.Device, run.Seed);
        using var trainer = new StageTrainer(run, options, parameters);
        if (trainer.Steps == 0 && !trainer.IsWarm) parameters.Rescale(IsBranchEnd, 0.3);
        run.Say($"autoencoder: {parameters.Count:N0} parameters");
        bank.WaitFor(32);
        Run(network, trainer, phases, tunedFrom: 2, frozenEncoder: false);
        if (!trainer.IsDone) return false;
        trainer.WithAverage(() => Export(network, parameters, trainer.Average));
        parameters.Dispose();
        return true;
    }

    /// <summary>
    /// Trains the decoder of a finished autoencoder on scenes of the bank. The encoder is frozen, so that latents keep their meaning for a
    /// video transformer. The decoder may have other widths than the finished one; parameters of another shape start from random values.
    /// </summary>
    /// <returns>Whether the stage is finished. The results replace those of the autoencoder.</returns>
    public bool RefineDecoder(VideoAutoencoderConfig config, StageOptions options)
    {
        var (network, parameters) = FlatParameters.For(w => new VideoAutoencoder(w, config), run.Type, run.Device, run.Seed);
        using var trainer = new StageTrainer(run, options, parameters, startFrom: "autoencoder");
        if (trainer.IsDone) return true;
        if (trainer.Steps == 0) parameters.Rescale(key => trainer.New.Contains(key) && IsBranchEnd(key), 0.3);
        bank.WaitFor(32);
        Run(network, trainer, decoderPhases, tunedFrom: 0, frozenEncoder: true);
        trainer.WithAverage(() => Save(network.Config, parameters, trainer.Average));
        parameters.Dispose();
        return trainer.IsDone;
    }

    /// <summary>Trains in phases, each with batches of its own size.</summary>
    private void Run(VideoAutoencoder network, StageTrainer trainer, Phase[] inPhases, int tunedFrom, bool frozenEncoder)
    {
        int phase = -1;
        var tuning = new ConvolutionTuning(run);
        BatchQueue<CropBatch>? queue = null;
        try
        {
            trainer.Train(progress =>
            {
                int now = Array.FindIndex(inPhases, p => progress < p.Until);
                if (now != phase)
                {
                    queue?.Dispose();
                    phase = now;
                    queue = Batches(inPhases[phase], (int)trainer.Steps);
                    run.Say($"{(frozenEncoder ? "decoder" : "autoencoder")}: {inPhases[phase]}, {bank.Count} scenes");
                    if (phase >= tunedFrom) tuning.Begin();
                }
                tuning.Tick();
                using var given = queue!.Take();
                return Step(network, given, frozenEncoder);
            }, 75, () => ReportSamples(network, trainer));
        }
        finally
        {
            queue?.Dispose();
        }
    }

    private static int Count(double wanted) => Math.Max(1, (int)Math.Round(wanted));

    /// <summary>
    /// Returns whether a parameter is the last convolution of a residual branch. It starts small, which keeps a deep network stable at
    /// first.
    /// </summary>
    private static bool IsBranchEnd(string key) =>
        key.EndsWith("residual.6.weight", StringComparison.Ordinal) || key.EndsWith("proj.weight", StringComparison.Ordinal);

    private BatchQueue<CropBatch> Batches(Phase phase, int seed) =>
        new(
            random => CropBatch.Draw(bank.Pick, scenes, phase.Count, phase.Frames, phase.Side, random, run.Device),
            Math.Min(4, run.Threads), 6, seed + run.Seed);

    private IReadOnlyList<(string, Tensor)> Step(VideoAutoencoder network, CropBatch given, bool frozenEncoder = false)
    {
        using var scope = NewDisposeScope();
        var video = Video(given.Frames.ToDevice(run.Device)); // [B, 3, T, S, S]
        var weights = given.Weights.ToDevice(run.Device).unsqueeze(1); // [B, 1, T, S, S]
        var latent = Encode(network, video, frozenEncoder);
        var noisy = latent + randn_like(latent) * LatentNoise;
        var error = network.Decode(noisy).to(float32) - video;
        var pixels = (error.abs() * weights).mean();
        var loss = pixels + 0.5 * Edges(error, weights) + LatentPenalty * latent.square().mean();
        loss.backward();
        var psnr = -10 * (error.detach().square().mean() / 4).log10();
        return [("l1", pixels.detach().MoveToOuterDisposeScope()), ("psnr", psnr.MoveToOuterDisposeScope())];
    }

    private static Tensor Encode(VideoAutoencoder network, Tensor video, bool frozen)
    {
        using var off = set_grad_enabled(!frozen);
        return network.Encode(video).to(float32);
    }

    /// <summary>
    /// Computes the loss on differences between neighbouring pixels, in both directions of the picture and in time. A plain L1 loss alone
    /// allows blur and flicker.
    /// </summary>
    private static Tensor Edges(Tensor error, Tensor weights)
    {
        long frames = error.shape[2], height = error.shape[3], width = error.shape[4];
        var across = (error.narrow(4, 1, width - 1) - error.narrow(4, 0, width - 1)).abs() * weights.narrow(4, 1, width - 1);
        var down = (error.narrow(3, 1, height - 1) - error.narrow(3, 0, height - 1)).abs() * weights.narrow(3, 1, height - 1);
        var sum = across.mean() + down.mean();
        if (frames == 1) return sum;
        var later = (error.narrow(2, 1, frames - 1) - error.narrow(2, 0, frames - 1)).abs() * weights.narrow(2, 1, frames - 1);
        return sum + later.mean();
    }

    /// <summary>Converts bytes [B, T, H, W, 3] to [B, 3, T, H, W] in [-1, 1].</summary>
    internal static Tensor Video(Tensor bytes) => bytes.to(float32).div_(127.5).sub_(1).permute(0, 4, 1, 2, 3);

    private void ReportSamples(VideoAutoencoder network, StageTrainer trainer)
    {
        const int people = 4;
        int[] shown = [0, 1, 4, 8, 12, 16, 20, 24, 28, 32];
        using var scope = NewDisposeScope();
        using var given = CropBatch.Draw(bank.Pick, scenes, people, scenes.ClipFrames, scenes.Size, new Random(9), run.Device);
        var video = Video(given.Frames.ToDevice(run.Device));
        var made = network.Decode(network.Encode(video)).to(float32).clamp(-1, 1);
        double psnr = Psnr(made, video),
            mouth = Psnr(made, video, given.Weights.eq(CropBatch.MouthWeight).to(float32).to(run.Device).unsqueeze(1));
        trainer.Curves.Add("clip psnr", trainer.Steps, psnr);
        trainer.Curves.Add("clip mouth psnr", trainer.Steps, mouth);
        run.Say(
            string.Create(CultureInfo.InvariantCulture, $"autoencoder: whole clips psnr {psnr:F2}, mouths {mouth:F2} dB (moving average)"));
        using var sheet = new ContactSheet(shown.Length, 2 * people, scenes.Size, scenes.Size);
        for (int p = 0; p < people; p++)
        {
            for (int i = 0; i < shown.Length; i++)
            {
                int frame = Math.Min(shown[i], scenes.ClipFrames - 1);
                sheet.Place(2 * p * shown.Length + i, Picture(video, p, frame), $"true {frame}");
                sheet.Place((2 * p + 1) * shown.Length + i, Picture(made, p, frame), "made");
            }
        }
        File.WriteAllBytes(run.InOutput("autoencoder-samples.png"), sheet.Encode());
    }

    /// <summary>Computes the peak signal-to-noise ratio in decibels of videos in [-1, 1], over pixels whose mask is not 0.</summary>
    internal static double Psnr(Tensor made, Tensor truth, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        var square = (made - truth).square();
        var mean = mask is null ? square.mean() : (square * mask).sum() / (mask.expand_as(square).sum() + 1e-6);
        return -10 * Math.Log10(Math.Max(1e-12, mean.item<float>() / 4));
    }

    /// <summary>Converts one frame of [B, 3, T, H, W] to bytes.</summary>
    internal static byte[] Picture(Tensor video, int sample, int frame)
    {
        using var scope = NewDisposeScope();
        return video[sample].select(1, frame).permute(1, 2, 0).add(1).mul(127.5).round().clamp(0, 255).to(ScalarType.Byte).contiguous()
            .cpu().bytes.ToArray();
    }

    private void Export(VideoAutoencoder network, FlatParameters parameters, Tensor values)
    {
        using var scope = NewDisposeScope();
        var sums = new List<Tensor>();
        for (int i = 0; i < 4; i++)
        {
            using var given = CropBatch.Draw(
                bank.Pick, scenes, Math.Min(16, bank.Count), scenes.ClipFrames, scenes.Size, new Random(100 + i), run.Device);
            // [16, everything]
            sums.Add(network.Encode(Video(given.Frames.ToDevice(run.Device))).to(float32).transpose(0, 1).flatten(1).cpu());
        }
        var all = cat(sums, 1);
        float[] mean = [.. all.mean([1]).data<float>()], std = [.. all.std(1).data<float>()];
        Save(network.Config with { LatentMean = mean, LatentStd = std }, parameters, values);
        run.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"autoencoder: latent mean {mean.Min():F2} to {mean.Max():F2}, std {std.Min():F2} to {std.Max():F2}"));
    }

    private void Save(VideoAutoencoderConfig config, FlatParameters parameters, Tensor values)
    {
        foreach (string folder in new[] { run.Output, run.Work })
        {
            ResultFiles.SaveHalves(
                folder, "autoencoder", parameters.Keys.Select(k => KeyValuePair.Create(k, parameters.Part(values, k).to(bfloat16))));
            File.WriteAllText(Path.Combine(folder, "autoencoder.json"), JsonSerializer.Serialize(config));
        }
    }

    private sealed record Phase(double Until, int Count, int Frames, int Side)
    {
        public override string ToString() => $"{Count} x {Frames} frames of {Side}x{Side}";
    }
}
