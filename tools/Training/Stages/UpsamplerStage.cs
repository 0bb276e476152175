using System.Globalization;
using Locutor.Networks.FaceUpsampler;
using Locutor.Training.Data;
using Locutor.Training.Faces;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// Trains the face upsampler. Its inputs are frames that the finished video networks redrew (<see cref="RedrawnScenes"/>), its targets the
/// frames as they are rendered at the size of a portrait. A <see cref="FaceCritic"/> is trained with it, because the mean error alone leads
/// to blurred mouths.
/// </summary>
internal sealed class UpsamplerStage(TrainingRun run, ScriptOptions scenes, DetailOptions details)
{
    private const int RedrawEvery = 16;
    private const double EdgeWeight = 0.5, ContrastWeight = 0.5, FeatureWeight = 0.05, CriticWeight = 0.012, CriticRate = 4e-4,
        RampUp = 0.1;

    /// <summary>
    /// Trains until the stage ends or the time of the call is over. <c>upsampler.safetensors</c> (the moving average) is written at the end
    /// of every call. The critic is not kept: a later call starts with a new one.
    /// </summary>
    /// <param name="networks">The finished video networks.</param>
    /// <param name="bank">The scenes.</param>
    /// <param name="unseen">Scenes outside the training data, for measurements.</param>
    /// <returns>Whether the stage is finished.</returns>
    public bool Train(FaceUpsamplerConfig config, StageOptions options, RedrawnScenes networks, SceneBank bank, IReadOnlyList<Scene> unseen)
    {
        var (network, parameters) = FlatParameters.For(w => new FaceUpsampler(w, config), run.Type, run.Device, run.Seed);
        using var trainer = new StageTrainer(run, options, parameters);
        if (trainer.IsDone) return true;
        if (trainer.Steps == 0 && !trainer.IsWarm) parameters.Rescale(key => key.StartsWith("last.", StringComparison.Ordinal), 0.1);
        var (critic, criticParameters) = FlatParameters.For(w => new FaceCritic(w), run.Type, run.Device, run.Seed + 1);
        using var criticAdam = new FlatAdam(criticParameters, new FlatAdamOptions { Beta1 = 0.5, WeightDecay = 0 });
        run.Say($"upsampler: {parameters.Count:N0} parameters, critic {criticParameters.Count:N0}");
        bank.WaitFor(2 * details.Scenes);
        using var queue = new BatchQueue<DetailBatch>(
            random => DetailBatch.Draw(details, scenes, bank.Pick, random, run.Device), run.Threads, 2 * run.Threads,
            (int)trainer.Steps + run.Seed);
        using var unseenCrops = RedrawUnseen(networks, unseen);
        using var held = new HeldCrops(details.MostBatches);
        trainer.Train(
            progress => Step(network, critic, criticParameters, criticAdam, Next(held, queue, networks, trainer.Steps), progress),
            30,
            () =>
            {
                ReportSamples(network, unseenCrops, trainer);
                Export(parameters, trainer);
            });
        Export(parameters, trainer);
        criticParameters.Dispose();
        parameters.Dispose();
        return trainer.IsDone;
    }

    private RedrawnCrops RedrawUnseen(RedrawnScenes networks, IReadOnlyList<Scene> unseen)
    {
        int next = 0;
        using var batch = DetailBatch.Draw(
            details with { Scenes = Math.Min(6, unseen.Count) }, scenes, _ => unseen[next++], new Random(5), run.Device);
        return RedrawnCrops.Create(networks, batch, scenes, details, run.Device);
    }

    /// <summary>
    /// Returns random crops that are kept on the device, and adds new ones every few steps. Rendering is slower than training, so crops are
    /// used several times.
    /// </summary>
    private RedrawnCrops Next(HeldCrops held, BatchQueue<DetailBatch> queue, RedrawnScenes networks, long step)
    {
        if (held.Count > 0 && step % RedrawEvery == 0 && queue.TryTake() is { } one) Add(one);
        while (held.Count < details.FirstBatches) Add(queue.Take());
        return held.Any();

        void Add(DetailBatch batch)
        {
            using (batch) held.Add(RedrawnCrops.Create(networks, batch, scenes, details, run.Device));
        }
    }

    private IReadOnlyList<(string, Tensor)> Step(
        FaceUpsampler network, FaceCritic critic, FlatParameters criticParameters, FlatAdam criticAdam, RedrawnCrops crops, double progress)
    {
        using var scope = NewDisposeScope();
        var (drawn, reference, portrait, truth) = crops.Batch();
        var made = network.Forward(drawn, reference, portrait);
        var real = Pairs(truth, drawn);
        var realFeatures = critic.Forward(real);
        var criticLoss = (realFeatures[^1] - 1).square().mean() + critic.Forward(Pairs(made.detach(), drawn))[^1].square().mean();
        criticLoss.backward();
        criticAdam.Step(CriticRate);

        var error = made - truth;
        var (across, down) = Differences(error);
        var l1 = error.abs().mean();
        var edges = across.abs().mean() + down.abs().mean();
        var contrast = (Contrast(made) - Contrast(truth)).abs().mean();
        var madeFeatures = critic.Forward(Pairs(made, drawn));
        var features = zeros(1, float32, run.Device);
        using (no_grad()) realFeatures = critic.Forward(real);
        for (int i = 0; i < madeFeatures.Count - 1; i++)
            features = features + (madeFeatures[i].to(float32) - realFeatures[i].to(float32)).abs().mean();
        var adversarial = (madeFeatures[^1] - 1).square().mean();
        double weight = Math.Min(1, progress / RampUp);
        (l1 + EdgeWeight * edges + ContrastWeight * contrast + weight * (FeatureWeight * features.sum() + CriticWeight * adversarial))
            .backward();
        criticParameters.TakeGradient().Dispose(); // The critic does not learn from the upsampler's loss.
        return [
            ("l1", Outer(l1)), ("edges", Outer(edges)), ("contrast", Outer(contrast)), ("features", Outer(features.sum())),
            ("adversarial", Outer(adversarial)), ("critic", Outer(criticLoss))
        ];
    }

    private static Tensor Outer(Tensor value) => value.detach().MoveToOuterDisposeScope();

    /// <summary>Joins consecutive frames with the generated frame of the first: [crops * (frames - 1), 9, S, S].</summary>
    private Tensor Pairs(Tensor frames, Tensor drawn)
    {
        long side = frames.shape[3], count = details.Frames;
        var clips = frames.view(-1, count, 3, side, side);
        var small = drawn.view(-1, count, 3, drawn.shape[2], drawn.shape[3]).narrow(1, 0, count - 1).flatten(0, 1);
        var large = nn.functional.interpolate(small, size: [side, side], mode: InterpolationMode.Bilinear, align_corners: false);
        return cat([clips.narrow(1, 0, count - 1).flatten(0, 1), clips.narrow(1, 1, count - 1).flatten(0, 1), large], 1);
    }

    private static (Tensor Across, Tensor Down) Differences(Tensor pictures)
    {
        long height = pictures.shape[2], width = pictures.shape[3];
        return (
            pictures.narrow(3, 1, width - 1) - pictures.narrow(3, 0, width - 1),
            pictures.narrow(2, 1, height - 1) - pictures.narrow(2, 0, height - 1));
    }

    /// <summary>
    /// Computes the root mean square difference of neighbours in squares of 8 x 8 pixels. The loss on it keeps contrast where the exact
    /// place of an edge is unknown.
    /// </summary>
    private static Tensor Contrast(Tensor pictures)
    {
        var (across, down) = Differences(pictures);
        return nn.functional.avg_pool2d(across.narrow(2, 0, down.shape[2]).square() + down.narrow(3, 0, across.shape[3]).square(), 8, 8)
            .add(1e-4).sqrt();
    }

    private void ReportSamples(FaceUpsampler network, RedrawnCrops unseenCrops, StageTrainer trainer)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (drawn, reference, portrait, truth) = unseenCrops.Batch();
        var made = network.Forward(drawn, reference, portrait).clamp(-1, 1);
        double psnr = AutoencoderStage.Psnr(made, truth), sharpness = Energy(made) / Energy(truth);
        trainer.Curves.Add("unseen psnr", trainer.Steps, psnr);
        trainer.Curves.Add("unseen sharpness", trainer.Steps, sharpness);
        run.Say(string.Create(
            CultureInfo.InvariantCulture, $"upsampler, unseen people: psnr {psnr:F2} dB, gradient energy {sharpness:F3} of the truth's"));
        int side = details.Crop * details.Factor, columns = 2 * details.Frames, sets = unseenCrops.Count / DetailBatch.CropsOfClip;
        using var sheet = new ContactSheet(columns, 3 * sets, side, side);
        var small = nn.functional.interpolate(drawn, size: [side, side], mode: InterpolationMode.Bilinear, align_corners: false);
        for (int set = 0; set < sets; set++)
        {
            for (int column = 0; column < columns; column++)
            {
                foreach (var (row, video, label) in new[] { (0, truth, "true"), (1, small, "drawn"), (2, made, "made") })
                    sheet.Place((3 * set + row) * columns + column, Bytes(video[set * columns + column]), label);
            }
        }
        File.WriteAllBytes(run.InOutput("upsampler-samples.jpg"), sheet.EncodeJpeg());
    }

    private static double Energy(Tensor pictures)
    {
        var (across, down) = Differences(pictures);
        return (across.square().mean() + down.square().mean()).item<float>();
    }

    private static byte[] Bytes(Tensor picture) =>
        picture.permute(1, 2, 0).add(1).mul(127.5).round().clamp(0, 255).to(ScalarType.Byte).contiguous().cpu().bytes.ToArray();

    private void Export(FlatParameters parameters, StageTrainer trainer)
    {
        using var scope = NewDisposeScope();
        TensorFile.Save(
            run.InOutput("upsampler.safetensors"),
            parameters.Keys.Select(key => KeyValuePair.Create(key, parameters.Part(trainer.Average, key).to(bfloat16))).ToArray());
    }
}
