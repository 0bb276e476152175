using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;
using Locutor.Files;
using Locutor.Kernels.Quantisation;
using Locutor.Models;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// Creates a bundle from the results of a training run. Matrices and convolutions are quantised to 8-bit rows with one scale per row
/// (<c>.weight</c> and <c>.weight_scale</c>); other tensors are stored in bfloat16.
/// </summary>
public static class SketchBundle
{
    private const int SmallestQuantised = 4096;
    private const string OwnSize = "portrait"; // Videos have the size of their portrait; the resolution of the networks does not matter.

    /// <summary>Writes the bundle.</summary>
    /// <param name="from">The folder with the results of <see cref="Stages.WholeTraining"/> and of the text stage.</param>
    /// <param name="to">The folder of the bundle.</param>
    /// <param name="card">The text of its README.md; null keeps the existing file.</param>
    /// <returns>The total size of all files in bytes.</returns>
    /// <exception cref="CheckpointException">A network is missing.</exception>
    public static long Write(string from, string to, SketchNetworks networks, Data.ScriptOptions scenes, string? card = null)
    {
        Directory.CreateDirectory(to);
        var autoencoder = JsonSerializer.Deserialize<VideoAutoencoderConfig>(File.ReadAllText(Path.Combine(from, "autoencoder.json")))!;
        foreach (string name in new[] { "text", "picture", "speech", "autoencoder", "transformer", "upsampler" }) Shrink(from, to, name);
        File.Copy(Path.Combine(from, "tokenizer.model"), Path.Combine(to, "tokenizer.model"), true);
        var bundle = new Bundle
        {
            Name = "sketch",
            Title = "painted portraits at their own size, up to 768 pixels; trained for this program, runs on a CPU",
            About = "painted portraits, on any machine",
            Licence = "Apache-2.0",
            Networks = new BundleNetworks(
                Network(to, "transformer", networks.Transformer), Network(to, "autoencoder", autoencoder),
                Network(to, "text", networks.Text),
                Network(to, "picture", networks.Image), Network(to, "speech", networks.Speech), OneFile(to, "tokenizer.model"),
                Network(to, "upsampler", networks.Upsampler)),
            Sizes = new Dictionary<string, IReadOnlyList<int[]>> { [OwnSize] = [[scenes.Size, scenes.Size]] },
            DefaultSize = OwnSize,
            Presets = new Dictionary<string, Preset>
            {
                ["default"] = new(2, 2, TextGuidance: 1, AudioGuidance: 1)
                {
                    About = "2 steps without guidance, as the model was distilled.",
                    EvenSteps = true,
                    MotionFrames = scenes.MotionFrames,
                    ColourCorrection = 0,
                },
            },
            DefaultPreset = "default",
            // The default prompt: text guidance moves away from a face at rest, and the default prompt itself needs no extra pass.
            NegativePrompt = "a person is talking",
            ClipFrames = scenes.ClipFrames,
            HoldPicture = true,
            Parts = 8,
            Continuity = new ContinuityOptions(StillTolerance: 30, AskedTolerance: 8, JoinedFrames: 8),
            Composition = new CompositionOptions(LargestSide: 768, AddedFrom: 5, ReplacedFrom: 16),
            Notice =
                "this does not look like the painted portraits that the shipped model 'sketch' knows; for photographs: locutor models " +
                "pull infinitetalk-480p",
            NoticeBelow = 28,
        };
        AtomicFile.Write(Path.Combine(to, "bundle.json"), Encoding.UTF8.GetBytes(BundleJson.Write(bundle) + "\n"));
        if (card is not null) AtomicFile.Write(Path.Combine(to, "README.md"), Encoding.UTF8.GetBytes(card));
        return Directory.GetFiles(to).Sum(f => new FileInfo(f).Length);
    }

    /// <summary>
    /// Writes the networks of a bundle as the results of finished stages, so that another training can continue from them.
    /// </summary>
    /// <param name="from">The folder of a bundle.</param>
    /// <param name="to">The work folder of the training.</param>
    /// <exception cref="CheckpointException">A network is missing.</exception>
    public static void Unpack(string from, string to)
    {
        var bundle = BundleJson.Read(Path.Combine(from, "bundle.json"));
        File.WriteAllText(
            Path.Combine(to, "autoencoder.json"),
            JsonSerializer.Serialize(
                bundle.Networks.Autoencoder.Config!.Value.Deserialize<VideoAutoencoderConfig>(JsonSerializerOptions.Web)));
        File.Copy(Path.Combine(from, "tokenizer.model"), Path.Combine(to, "tokenizer.model"), true);
        string[] names = ["text", "picture", "speech", "autoencoder", "transformer", "upsampler"];
        foreach (string name in names.Where(name => File.Exists(Path.Combine(from, name + ".safetensors"))))
        {
            using var scope = NewDisposeScope();
            using var file = SafetensorsFile.Open(Path.Combine(from, name + ".safetensors"));
            var wide = file.Tensors.Keys.Where(key => !key.EndsWith("_scale", StringComparison.Ordinal))
                .ToDictionary(key => key, key => Wide(file, key), StringComparer.Ordinal);
            ResultFiles.SaveWhole(to, name, wide);
        }
    }

    private static Tensor Wide(SafetensorsFile file, string key)
    {
        var stored = file.Tensors[key].ToTensor().to(float32);
        return file.TryGet(key + "_scale", out var scale) ? (stored.flatten(1) * scale.ToTensor().view(-1, 1)).view(stored.shape) : stored;
    }

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
                if (!stored.Name.EndsWith(".weight", StringComparison.Ordinal) || stored.Shape.Length < 2
                    || stored.ElementCount < SmallestQuantised)
                {
                    kept[stored.Name] = values.to(bfloat16);
                    continue;
                }
                var rows = RowQuantiser.Quantise(values.flatten(1), LinearPrecision.Int8);
                kept[stored.Name] = rows.Values.view(stored.Shape);
                kept[stored.Name + "_scale"] = rows.Scales;
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
