using System.IO.Compression;
using System.Text.Json;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

/// <summary>
/// Builds every released architecture at full size without allocating its parameters, and compares their names and shapes with those of
/// the released checkpoints.
/// </summary>
public class ManifestTests
{
    private static readonly Dictionary<string, Action<Weights>> Presets = new()
    {
        ["dit"] = weights => _ = new VideoTransformer.VideoTransformer(weights, VideoTransformerConfig.Wan14B),
        ["vae"] = weights => _ = new VideoAutoencoder.VideoAutoencoder(weights, VideoAutoencoderConfig.Wan21),
        ["umt5"] = weights => _ = new UmT5Encoder(weights, UmT5Config.Xxl),
        ["clip"] = weights => _ = new ClipVisionEncoder(weights, ClipVisionConfig.VitH14),
        ["wav2vec2"] = weights => _ = new Wav2Vec2Encoder(weights, Wav2Vec2Config.ChineseBase),
    };

    /// <summary>Prefixes of keys in a released file that no network here reads.</summary>
    private static readonly Dictionary<string, string[]> Unused = new()
    {
        ["dit"] = [],
        ["vae"] = [],
        ["umt5"] = [],
        // the text tower, and what follows the last but one block of the vision tower
        ["clip"] = ["textual.", "log_scale", "visual.head", "visual.post_norm.", "visual.transformer.31."],
        ["wav2vec2"] = ["masked_spec_embed"], // used only in training
    };

    public static TheoryData<string> Networks => [.. Presets.Keys];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Names_and_shapes_are_those_of_the_release(string network)
    {
        using var source = new ShapeParameters();
        Presets[network](new Weights(source, ScalarType.BFloat16, META));
        var released = Manifest(network);
        var expected = released.Where(entry => !Unused[network].Any(start => entry.Key.StartsWith(start, StringComparison.Ordinal)))
            .ToList();

        foreach (string start in Unused[network])
            released.Keys.ShouldContain(key => key.StartsWith(start, StringComparison.Ordinal), start);
        Lines(source.Shapes).Except(Lines(expected)).ShouldBeEmpty("asked for, not in the release");
        Lines(expected).Except(Lines(source.Shapes)).ShouldBeEmpty("in the release, not asked for");
    }

    private static IEnumerable<string> Lines(IEnumerable<KeyValuePair<string, long[]>> shapes) =>
        shapes.Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value)}]");

    private static Dictionary<string, long[]> Manifest(string network)
    {
        using var packed = typeof(ManifestTests).Assembly.GetManifestResourceStream("checkpoint-manifest.json.gz")!;
        using var json = JsonDocument.Parse(new GZipStream(packed, CompressionMode.Decompress));
        return json.RootElement.GetProperty(network).EnumerateObject()
            .ToDictionary(entry => entry.Name, entry => entry.Value[1].EnumerateArray().Select(length => length.GetInt64()).ToArray());
    }
}
