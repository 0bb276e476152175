using System.Globalization;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Training.Data;
using Locutor.Training.Faces;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// Trains the picture encoder. From each patch it must predict the colour and whether the patch contains mouth, eyes or face; from the
/// whole picture, their positions.
/// </summary>
public sealed class PictureStage(TrainingRun run, SceneBank bank, ScriptOptions scenes, int batch = 48)
{
    private const int Grid = 16, Figures = 6, Places = 8;

    /// <summary>Trains until the stage ends or the time of the call is over.</summary>
    /// <returns>Whether the stage is finished. Then <c>picture.safetensors</c> is in the output and work folders.</returns>
    public bool Train(ClipVisionConfig config, StageOptions options)
    {
        if (File.Exists(run.InWork("picture.safetensors"))) return true;
        var (network, parameters) = FlatParameters.For(w => new RegionPredictor(w, config), run.Type, run.Device, run.Seed);
        using var trainer = new StageTrainer(run, options, parameters);
        bank.WaitFor(32);
        run.Say(string.Create(CultureInfo.InvariantCulture, $"picture: {parameters.Count:N0} parameters, {bank.Count} scenes"));
        using var queue = new BatchQueue<Batch>(Make, Math.Min(4, run.Threads), 6, run.Seed + (int)trainer.Steps);
        trainer.Train(_ =>
        {
            using var given = queue.Take();
            return Step(network, given);
        });
        if (!trainer.IsDone) return false;
        using var scope = NewDisposeScope();
        var kept = parameters.Keys.Where(k => k.StartsWith("visual.", StringComparison.Ordinal))
            .ToDictionary(k => k, k => parameters.Part(trainer.Average, k).to(bfloat16));
        TensorFile.Save(run.InWork("picture.safetensors"), kept);
        TensorFile.Save(run.InOutput("picture.safetensors"), kept);
        parameters.Dispose();
        return true;
    }

    private IReadOnlyList<(string, Tensor)> Step(RegionPredictor network, Batch given)
    {
        using var scope = NewDisposeScope();
        var picture = AutoencoderStage.Video(given.Pictures.ToDevice(run.Device)).squeeze(2);
        var (patches, places) = network.Forward(picture);
        var colours = nn.functional.interpolate(picture, size: [Grid, Grid], mode: InterpolationMode.Area).flatten(2).transpose(1, 2);
        var wanted = cat([given.Patches.ToDevice(run.Device), colours], -1);
        var patchLoss = (patches - wanted).square().mean();
        var placeLoss = (places - given.Places.ToDevice(run.Device)).square().mean();
        (patchLoss + placeLoss).backward();
        return [("patches", patchLoss.detach().MoveToOuterDisposeScope()), ("places", placeLoss.detach().MoveToOuterDisposeScope())];
    }

    private Batch Make(Random random)
    {
        byte[] pictures = new byte[batch * scenes.FrameBytes];
        float[] patches = new float[batch * Grid * Grid * 3], places = new float[batch * Places];
        for (int b = 0; b < batch; b++)
        {
            var scene = bank.Pick(random);
            scene.Frame(random.Next(scenes.Frames), scenes.FrameBytes).CopyTo(pictures.AsSpan(b * scenes.FrameBytes));
            PixelBox[][] kinds = [[scene.Mouth], scene.Eyes, [scene.Face]];
            for (int kind = 0; kind < kinds.Length; kind++)
                foreach (var box in kinds[kind]) Cover(patches.AsSpan(b * Grid * Grid * 3, Grid * Grid * 3), kind, box);
            PixelBox[] boxes = [scene.Mouth, scene.Face];
            for (int i = 0; i < boxes.Length; i++)
            {
                (
                    places[b * Places + 4 * i], places[b * Places + 4 * i + 1], places[b * Places + 4 * i + 2],
                    places[b * Places + 4 * i + 3]) =
                    (Unit(boxes[i].Left), Unit(boxes[i].Top), Unit(boxes[i].Right), Unit(boxes[i].Bottom));
            }
        }
        return new Batch(
            HostTensor.Create(pictures, [batch, 1, scenes.Size, scenes.Size, 3], run.Device),
            HostTensor.Create(patches, [batch, Grid * Grid, 3], run.Device),
            HostTensor.Create(places, [batch, Places], run.Device));
    }

    private float Unit(int pixel) => 2f * pixel / scenes.Size - 1;

    private void Cover(Span<float> patches, int kind, PixelBox box)
    {
        float patch = (float)scenes.Size / Grid;
        for (int row = (int)(box.Top / patch); row < Math.Min(Grid, box.Bottom / patch); row++)
        {
            for (int column = (int)(box.Left / patch); column < Math.Min(Grid, box.Right / patch); column++)
                patches[(row * Grid + column) * 3 + kind] = 1;
        }
    }

    private sealed record Batch(Tensor Pictures, Tensor Patches, Tensor Places) : IDisposable
    {
        public void Dispose()
        {
            Pictures.Dispose();
            Patches.Dispose();
            Places.Dispose();
        }
    }

    private sealed class RegionPredictor(Weights weights, ClipVisionConfig config)
    {
        private readonly ClipVisionEncoder encoder = new(weights, config);
        private readonly Linear patches = new(weights["patches"], config.Width, Figures);
        private readonly Linear places = new(weights["places"], config.Width, Places);

        /// <param name="picture">[B, 3, H, W]</param>
        public (Tensor Patches, Tensor Places) Forward(Tensor picture)
        {
            using var scope = NewDisposeScope();
            var tokens = encoder.Forward(picture); // [B, 257, width]
            var first = places.Forward(tokens.select(1, 0)).to(float32);
            return (
                patches.Forward(tokens.narrow(1, 1, tokens.shape[1] - 1)).to(float32).MoveToOuterDisposeScope(),
                first.MoveToOuterDisposeScope());
        }
    }
}
