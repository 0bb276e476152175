using System.Text;
using System.Text.Json;
using Locutor.Models;
using Locutor.Networks.ClipVision;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;

namespace Locutor.Generation.Loading;

/// <summary>A bundle without files: small networks with random parameters, to try the pipeline without a trained model.</summary>
public static class UntrainedBundle
{
    public const string Name = "untrained";
    private const int AudioBlocks = 2, AudioChannels = 32, ImageWidth = 32, TextWidth = 32;

    /// <summary>First token id of the UTF-8 bytes: id 0 pads and id 1 ends the text, and a byte has its value plus 2.</summary>
    private const int FirstByte = 2;

    public static Bundle Bundle { get; } = new()
    {
        Name = Name,
        Title = "small networks of random numbers; the pictures are noise",
        Licence = "none",
        Networks = new BundleNetworks(
            Sized(new VideoTransformerConfig(64, 128, 2, 2, TextWidth, 64, ImageWidth, AudioBlocks, AudioChannels, 32, 32, 4, 64)),
            Sized(new VideoAutoencoderConfig(
                8, 16, [1, 2, 4, 4], 1, [false, true, true], [.. new float[16]], [.. Enumerable.Repeat(1f, 16)])),
            Sized(new UmT5Config(FirstByte + 256, TextWidth, 32, 64, 2, 1)),
            Sized(new ClipVisionConfig(64, 4, ImageWidth, 2, 2)),
            Sized(new Wav2Vec2Config(
                AudioChannels, 2, AudioBlocks, 64, [16, 16, 16, 16, 16, 16, 16], [10, 3, 3, 3, 3, 2, 2], [5, 2, 2, 2, 2, 2, 2], 16, 4)),
            new BundleFile("")),
        // Noise needs no detail, and a quarter of the pixels takes a third of the time.
        Sizes = new Dictionary<string, IReadOnlyList<int[]>> { ["64"] = [[64, 64], [48, 80], [80, 48]] },
        DefaultSize = "64",
        Presets = new Dictionary<string, Preset> { ["default"] = new(4, 2, 1, 1) { MotionFrames = 9 } },
        DefaultPreset = "default",
        ClipFrames = 33,
        Notice = "model 'untrained' is random: its pictures are noise",
    };

    public static int[] Tokenize(string prompt) => [.. Encoding.UTF8.GetBytes(prompt).Take(62).Select(value => FirstByte + value), 1];

    private static NetworkFiles Sized<T>(T config) => new(null, JsonSerializer.SerializeToElement(config, JsonSerializerOptions.Web), []);
}
