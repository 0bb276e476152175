using System.Security.Cryptography;
using System.Text.Json;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;
using Locutor.Models;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training;

/// <summary>
/// Makes a bundle of what a training run left: matrices and convolutions as 8-bit rows with one scale each (<c>.weight</c> and
/// <c>.weight_scale</c>), the rest in bfloat16.
/// </summary>
public static class SketchBundle
{
    private const int SmallestQuantised = 4096;
    private const string OwnSize = "portrait"; // videos have their portrait's size, whatever the networks draw

    /// <param name="from">Results of <see cref="Stages.WholeTraining"/> and of the text stage, in one folder.</param>
    /// <param name="to">Folder of the bundle.</param>
    /// <param name="card">Text of its README.md; null leaves the one that stands there.</param>
    /// <returns>Bytes of all files.</returns>
    /// <exception cref="CheckpointException">A network is missing.</exception>
    public static long Write(string from, string to, SketchNetworks networks, Data.ScriptOptions scenes, string? card = null)
    {
        Directory.CreateDirectory(to);
        var autoencoder = JsonSerializer.Deserialize<VideoAutoencoderConfig>(File.ReadAllText(Path.Combine(from, "autoencoder.json")))!;
        foreach (string name in new[] { "text", "picture", "speech", "autoencoder", "transformer" }) Shrink(from, to, name);
        File.Copy(Path.Combine(from, "tokenizer.model"), Path.Combine(to, "tokenizer.model"), true);
        var bundle = new Bundle
        {
            Name = "sketch",
            Title = "painted portraits at their own size, up to 768 pixels; trained for this program, runs on a CPU",
            Licence = "Apache-2.0",
            Networks = new BundleNetworks(
                Network(to, "transformer", networks.Transformer), Network(to, "autoencoder", autoencoder), Network(to, "text", networks.Text),
                Network(to, "picture", networks.Image), Network(to, "speech", networks.Speech), OneFile(to, "tokenizer.model")),
            Sizes = new Dictionary<string, IReadOnlyList<int[]>> { [OwnSize] = [[scenes.Size, scenes.Size]] },
            DefaultSize = OwnSize,
            Presets = new Dictionary<string, Preset>
            {
                ["default"] = Guided(4, 1, scenes) with { About = "4 steps, of which the first is guided." },
                ["quick"] = new(3, 2, 1, 1) { About = "3 steps without guidance: the fastest, with weaker lips.", MotionFrames = scenes.MotionFrames, ColourCorrection = 0 },
                ["fine"] = Guided(10, 2, scenes) with { About = "10 steps, of which the first two are guided: the steadiest picture." },
            },
            DefaultPreset = "default",
            NegativePrompt = "a person is talking", // the default prompt: words pull away from a face at rest, and that prompt itself takes no pass
            ClipFrames = scenes.ClipFrames,
            HoldPicture = true,
            Continuity = new ContinuityOptions(StillTolerance: 30, AskedTolerance: 8, JoinedFrames: 8),
            Composition = new CompositionOptions(LargestSide: 768, AddedFrom: 5, ReplacedFrom: 16),
            Notice = "this does not look like the painted portraits that the shipped model 'sketch' knows; for photographs: locutor models pull infinitetalk-480p",
            NoticeBelow = 28,
        };
        File.WriteAllText(Path.Combine(to, "bundle.json"), BundleJson.Write(bundle) + "\n");
        if (card is not null) File.WriteAllText(Path.Combine(to, "README.md"), card);
        return Directory.GetFiles(to).Sum(f => new FileInfo(f).Length);
    }

    /// <summary>Where the mouth and the brows go is settled in the first steps; guiding those alone costs one or two passes a step more.</summary>
    private static Preset Guided(int steps, int guided, Data.ScriptOptions scenes) => new(steps, 2, TextGuidance: 3, AudioGuidance: 3)
    {
        GuidedSteps = guided,
        MotionFrames = scenes.MotionFrames,
        ColourCorrection = 0,
    };

    private static void Shrink(string from, string to, string name)
    {
        using var scope = NewDisposeScope();
        string[] files = ResultFiles.Find(from, name);
        if (files.Length == 0) throw new CheckpointException($"{from}: expected {name}.safetensors or {name}-1.safetensors, found neither");
        var kept = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (string path in files)
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var stored in file.Tensors.Values)
            {
                using var values = stored.ToTensor().to(float32);
                if (!stored.Name.EndsWith(".weight", StringComparison.Ordinal) || stored.Shape.Length < 2 || stored.ElementCount < SmallestQuantised)
                {
                    kept[stored.Name] = values.to(bfloat16);
                    continue;
                }
                var rows = values.flatten(1);
                var scale = (rows.abs().amax([1]) / 127).clamp_min(1e-12);
                kept[stored.Name] = (rows / scale.unsqueeze(1)).round().clamp(-127, 127).to(ScalarType.Int8).view(stored.Shape);
                kept[stored.Name + "_scale"] = scale;
            }
        }
        TensorFile.Save(Path.Combine(to, name + ".safetensors"), kept, new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static NetworkFiles Network<T>(string folder, string name, T config) =>
        new(null, JsonSerializer.SerializeToElement(config, JsonSerializerOptions.Web), [OneFile(folder, name + ".safetensors")]);

    private static BundleFile OneFile(string folder, string name)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(folder, name));
        return new BundleFile(name, Size: bytes.Length, Sha256: Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }
}
