using System.Globalization;
using Locutor.Networks.FaceUpsampler;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Training.Data;
using Locutor.Training.Faces;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// Trains the face upsampler. Small frames pass through the finished autoencoder with noise on their latents, which imitates the errors
/// of the video transformer. The upsampler learns to produce these frames as they are rendered at the size of a portrait.
/// </summary>
public sealed class UpsamplerStage(TrainingRun run, DetailOptions details)
{
    private const int FirstPerson = SceneMaker.FirstTrainingPerson, FirstUnseenPerson = 2_000_000;
    private const int HeldBatches = 96; // about 20 MB each, on the host
    private const double MostNoise = 0.25; // in standard deviations of a latent

    /// <summary>
    /// Trains until the stage ends or the time of the call is over. Every call writes <c>upsampler.safetensors</c> (the moving average)
    /// at its end.
    /// </summary>
    /// <param name="autoencoder">The finished autoencoder.</param>
    /// <returns>Whether the stage is finished.</returns>
    public bool Train(FaceUpsamplerConfig config, StageOptions options, VideoAutoencoder autoencoder)
    {
        if (File.Exists(run.InWork("upsampler.safetensors")))
        {
            File.Copy(run.InWork("upsampler.safetensors"), run.InOutput("upsampler.safetensors"), true);
            return true;
        }
        var (network, parameters) = FlatParameters.For(w => new FaceUpsampler(w, config), run.Type, run.Device, run.Seed);
        using var trainer = new StageTrainer(run, options, parameters);
        if (trainer.Steps == 0) parameters.Rescale(key => key.StartsWith("last.", StringComparison.Ordinal), 0.1);
        run.Say($"upsampler: {parameters.Count:N0} parameters");
        using var queue = new BatchQueue<DetailBatch>(random => DetailBatch.Draw(details, random, run.Device, FirstPerson), run.Threads, 2 * run.Threads, (int)trainer.Steps + run.Seed);
        using var unseen = DetailBatch.Draw(details with { People = 6 }, new Random(5), run.Device, FirstUnseenPerson);
        var held = new List<DetailBatch>();
        var random = new Random(run.Seed);
        trainer.Train(_ => Step(network, autoencoder, Next(queue, held, random)), 60, () => Look(network, autoencoder, unseen, trainer));
        trainer.WithAverage(() => Export(parameters, trainer));
        foreach (var batch in held) batch.Dispose();
        parameters.Dispose();
        return trainer.IsDone;
    }

    /// <summary>
    /// Returns a new batch or one that is kept in memory. Rendering is slower than training, so batches are reused with different noise.
    /// </summary>
    private static DetailBatch Next(BatchQueue<DetailBatch> queue, List<DetailBatch> held, Random random)
    {
        var painted = held.Count == 0 ? queue.Take() : queue.TryTake();
        if (painted is null) return held[random.Next(held.Count)];
        held.Add(painted);
        if (held.Count > HeldBatches)
        {
            held[0].Dispose();
            held.RemoveAt(0);
        }
        return painted;
    }

    private IReadOnlyList<(string, Tensor)> Step(FaceUpsampler network, VideoAutoencoder autoencoder, DetailBatch batch)
    {
        using var scope = NewDisposeScope();
        var (drawn, reference, portrait, truth) = Given(autoencoder, batch, MostNoise);
        var error = network.Forward(drawn, reference, portrait) - truth;
        var l1 = error.abs().mean();
        var edges = (error.narrow(3, 1, error.shape[3] - 1) - error.narrow(3, 0, error.shape[3] - 1)).abs().mean()
            + (error.narrow(2, 1, error.shape[2] - 1) - error.narrow(2, 0, error.shape[2] - 1)).abs().mean();
        (l1 + edges).backward();
        return [("l1", l1.detach().MoveToOuterDisposeScope()), ("edges", edges.detach().MoveToOuterDisposeScope())];
    }

    /// <summary>Computes the inputs and the targets of every frame of every crop: [crops * frames, 3, ...] in [-1, 1].</summary>
    private (Tensor Drawn, Tensor Reference, Tensor Portrait, Tensor Truth) Given(VideoAutoencoder autoencoder, DetailBatch batch, double noise)
    {
        using var off = no_grad();
        long frames = details.Frames;
        var video = AutoencoderStage.Video(batch.Small.ToDevice(run.Device)); // [P, 3, F, s, s]
        var still = AutoencoderStage.Video(batch.SmallPortrait.ToDevice(run.Device).unsqueeze(1)).expand(-1, -1, 5, -1, -1);
        var latent = autoencoder.Encode(video).to(float32);
        latent = latent + randn_like(latent) * rand([latent.shape[0], 1, 1, 1, 1], float32, run.Device) * noise;
        var drawn = autoencoder.Decode(latent).to(float32).clamp(-1, 1);
        var reference = autoencoder.Decode(autoencoder.Encode(still)).to(float32).clamp(-1, 1).narrow(2, 4, 1); // [P, 3, 1, s, s]
        var large = batch.Portrait.ToDevice(run.Device).to(float32).div(127.5).sub(1).permute(0, 3, 1, 2).unsqueeze(1); // [C, 1, 3, S, S]
        return (Crops(drawn, batch.Corners), Crops(reference.expand(-1, -1, frames, -1, -1), batch.Corners), large.expand(-1, frames, -1, -1, -1).flatten(0, 1),
            batch.Truth.ToDevice(run.Device).to(float32).div(127.5).sub(1).permute(0, 1, 4, 2, 3).flatten(0, 1));
    }

    /// <summary>Cuts crops out of frames: [people, 3, F, s, s] to [crops * F, 3, crop, crop].</summary>
    private Tensor Crops(Tensor video, (int X, int Y)[] corners) =>
        cat([.. corners.Select((corner, i) => video[i / DetailBatch.CropsOfPerson].narrow(2, corner.Y, details.Crop).narrow(3, corner.X, details.Crop).transpose(0, 1))], 0);

    private void Look(FaceUpsampler network, VideoAutoencoder autoencoder, DetailBatch unseen, StageTrainer trainer)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (drawn, reference, portrait, truth) = Given(autoencoder, unseen, 0.5 * MostNoise);
        var made = network.Forward(drawn, reference, portrait).clamp(-1, 1);
        double psnr = AutoencoderStage.Psnr(made, truth), sharpness = Energy(made) / Energy(truth);
        trainer.Curves.Add("unseen psnr", trainer.Steps, psnr);
        trainer.Curves.Add("unseen sharpness", trainer.Steps, sharpness);
        run.Say(string.Create(CultureInfo.InvariantCulture, $"upsampler, unseen people: psnr {psnr:F2} dB, gradient energy {sharpness:F3} of the truth's"));
        int side = details.Crop * details.Factor, columns = details.Frames, rows = 3 * unseen.Corners.Length;
        using var sheet = new ContactSheet(columns, rows, side, side);
        var small = nn.functional.interpolate(drawn, size: [side, side], mode: InterpolationMode.Bilinear, align_corners: false);
        for (int crop = 0; crop < unseen.Corners.Length; crop++)
            for (int f = 0; f < columns; f++)
                foreach (var (row, video, label) in new[] { (0, truth, "true"), (1, small, "drawn"), (2, made, "made") })
                    sheet.Place((3 * crop + row) * columns + f, Bytes(video[crop * columns + f]), label);
        File.WriteAllBytes(run.InOutput("upsampler-samples.png"), sheet.Encode());
    }

    private static double Energy(Tensor pictures) =>
        ((pictures.narrow(3, 1, pictures.shape[3] - 1) - pictures.narrow(3, 0, pictures.shape[3] - 1)).square().mean()
        + (pictures.narrow(2, 1, pictures.shape[2] - 1) - pictures.narrow(2, 0, pictures.shape[2] - 1)).square().mean()).item<float>();

    private static byte[] Bytes(Tensor picture) => picture.permute(1, 2, 0).add(1).mul(127.5).round().clamp(0, 255).to(ScalarType.Byte).contiguous().cpu().bytes.ToArray();

    private void Export(FlatParameters parameters, StageTrainer trainer)
    {
        using var scope = NewDisposeScope();
        var tensors = parameters.Keys.Select(key => KeyValuePair.Create(key, parameters.Part(trainer.Average, key).to(bfloat16))).ToArray();
        TensorFile.Save(run.InOutput("upsampler.safetensors"), tensors);
        if (trainer.IsDone) TensorFile.Save(run.InWork("upsampler.safetensors"), tensors);
    }
}
