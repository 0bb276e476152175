using System.Text.Json;
using Locutor.Checkpoints.Formats;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.Wav2Vec2;
using Locutor.Training.Data;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// The networks that are trained before the transformer and frozen afterwards. They convert scenes to the inputs of the transformer.
/// </summary>
public sealed class FrozenNetworks : IDisposable
{
    private const float MouthWeight = 12, EyeWeight = 6, JawWeight = 2;
    private readonly TrainingRun run;
    private readonly List<IDisposable> open = [];

    /// <summary>Loads the checkpoints that earlier stages wrote to the work folder.</summary>
    public FrozenNetworks(TrainingRun run, SketchNetworks networks)
    {
        this.run = run;
        Speech = new Wav2Vec2Encoder(Load("speech"), networks.Speech) { PieceFeatures = 1 << 20 };
        Image = new ClipVisionEncoder(Load("picture"), networks.Image);
        var config = JsonSerializer.Deserialize<VideoAutoencoderConfig>(File.ReadAllText(run.InWork("autoencoder.json")))!;
        Autoencoder = new VideoAutoencoder(Load("autoencoder"), config);
    }

    public Wav2Vec2Encoder Speech { get; }

    public ClipVisionEncoder Image { get; }

    public VideoAutoencoder Autoencoder { get; }

    /// <summary>Encodes scenes into a pool.</summary>
    public void Encode(IReadOnlyList<Scene> scenes, ScriptOptions options, SketchNetworks networks, LatentPool pool)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        int count = scenes.Count, reach = networks.Transformer.AudioWindow / 2, slot = pool.Begin(count);
        var frames = stack([.. scenes.Select(s => Frames(s, options))]); // [S, frames, h, w, 3]
        var portrait = frames.narrow(1, 0, 1);
        var still = portrait.expand(-1, options.ClipFrames, -1, -1, -1);
        pool.Stills.narrow(0, slot, count).copy_(Autoencoder.Encode(AutoencoderStage.Video(still)));
        pool.Images.narrow(0, slot, count).copy_(Image.Forward(AutoencoderStage.Video(portrait).squeeze(2)));
        var leadIns = tensor(scenes.Select(s => (long)s.LeadIn).ToArray(), device: run.Device);
        var speech = EncodeSpeech(scenes, leadIns, options); // [S, frames, blocks, channels]
        var padded = cat(
            [
                speech.narrow(1, 0, 1).expand(-1, reach, -1, -1), speech,
                speech.narrow(1, options.Frames - 1, 1).expand(-1, reach, -1, -1)
            ],
            1);
        var moods = tensor(scenes.Select(s => (long)s.Mood).ToArray());
        pool.Moods.narrow(0, slot, count).copy_(moods);
        pool.LeadIns.narrow(0, slot, count).copy_(leadIns);
        pool.Weights.narrow(0, slot, count).copy_(
            tensor(scenes.SelectMany(s => Importance(s, options)).ToArray()).view(count, options.Size / 8, options.Size / 8));
        for (int clip = 0; clip < options.Clips; clip++)
        {
            using var inner = NewDisposeScope();
            var part = frames.narrow(1, clip * options.Stride, options.ClipFrames);
            var rows = arange(slot, slot + count, device: run.Device, dtype: ScalarType.Int64) * options.Clips + clip;
            pool.Latents.index_copy_(0, rows, Autoencoder.Encode(AutoencoderStage.Video(part)).to(pool.Latents.dtype));
            pool.Audio.index_copy_(0, rows, padded.narrow(1, clip * options.Stride, options.ClipFrames + 2 * reach).to(pool.Audio.dtype));
        }
    }

    public void Dispose()
    {
        foreach (var one in Enumerable.Reverse(open)) one.Dispose();
    }

    private Weights Load(string name)
    {
        var checkpoint = OverlaidCheckpoint.Open(ResultFiles.Find(run.Work, name));
        var parameters = new CheckpointParameters(checkpoint);
        open.Add(checkpoint);
        open.Add(parameters);
        return new Weights(parameters, run.Type, run.Device);
    }

    private Tensor Frames(Scene scene, ScriptOptions options)
    {
        using var host = HostTensor.Create(scene.Frames, [options.Frames, options.Size, options.Size, 3], run.Device);
        return host.ToDevice(run.Device);
    }

    private Tensor EncodeSpeech(IReadOnlyList<Scene> scenes, Tensor leadIns, ScriptOptions options)
    {
        using var host = HostTensor.Create([.. scenes.SelectMany(s => s.Audio)], [scenes.Count, scenes[0].Audio.Length], run.Device);
        var features = Speech.Forward(host.ToDevice(run.Device), options.Frames);
        // The generator repeats the first feature of the speech in the frames before it.
        var frame = maximum(arange(options.Frames, device: run.Device).unsqueeze(0), leadIns.unsqueeze(1));
        return features.gather(1, frame.view(scenes.Count, -1, 1, 1).expand_as(features));
    }

    /// <summary>Computes the loss weight of each latent pixel: [side x side].</summary>
    private static float[] Importance(Scene scene, ScriptOptions options)
    {
        int side = options.Size / 8;
        float[] weights = new float[side * side];
        Array.Fill(weights, 1);
        Mark(scene.Jaw(options.Size), JawWeight);
        // Brows show a mood and are above the box of an eye.
        foreach (var eye in scene.Eyes) Mark(eye with { Top = Math.Max(0, eye.Top - eye.Height) }, EyeWeight);
        Mark(scene.Mouth, MouthWeight);
        return weights;

        void Mark(Faces.PixelBox box, float weight)
        {
            for (int y = box.Top / 8; y <= Math.Min(side - 1, (box.Bottom - 1) / 8); y++)
                for (int x = box.Left / 8; x <= Math.Min(side - 1, (box.Right - 1) / 8); x++) weights[y * side + x] = weight;
        }
    }
}
