using System.IO.Compression;
using System.Text.Json;
using Locutor.Generation.Blueprints;
using Locutor.Models;
using Locutor.Models.Store;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests;

/// <summary>
/// Builds the networks of every published bundle without weights: they request the names and shapes of the released checkpoints. The
/// tensors of the audio adapter belong to the transformer, in a separate file or in the shards.
/// </summary>
public class BundleManifestTests
{
    private static readonly (NetworkKind Network, string Released)[] Networks =
        [
            (NetworkKind.Transformer, "dit"), (NetworkKind.Autoencoder, "vae"), (NetworkKind.Text, "umt5"), (NetworkKind.Image, "clip"),
            (NetworkKind.Speech, "wav2vec2")
        ];

    public static TheoryData<string> Published => [.. BundleCatalogue.Default().Names().Where(name => name != "sketch")];

    [Theory]
    [MemberData(nameof(Published))]
    public void A_published_bundle_asks_for_the_released_names_and_shapes(string name)
    {
        var bundle = BundleCatalogue.Default().Find(name)!.Bundle;
        var blueprint = new BundleBlueprint(bundle);
        foreach (var (network, released) in Networks)
        {
            using var source = new ShapeParameters();
            blueprint.Build(network, new Weights(source, ScalarType.BFloat16, META));
            var expected = Manifest(released);
            var asked = source.Shapes.ToDictionary(entry => entry.Key, entry => string.Join(", ", entry.Value));
            asked.Where(entry => expected.GetValueOrDefault(entry.Key) != entry.Value)
                .ShouldBeEmpty($"{network}: asked for, and not so in the release");
            expected.Keys.Where(key => !asked.ContainsKey(key) && !blueprint.Ignores(network, key))
                .ShouldBeEmpty($"{network}: in the release, and not read");
        }
    }

    private static Dictionary<string, string> Manifest(string released)
    {
        using var packed = typeof(BundleManifestTests).Assembly.GetManifestResourceStream("checkpoint-manifest.json.gz")!;
        using var json = JsonDocument.Parse(new GZipStream(packed, CompressionMode.Decompress));
        return json.RootElement.GetProperty(released).EnumerateObject()
            .ToDictionary(
                entry => entry.Name, entry => string.Join(", ", entry.Value[1].EnumerateArray().Select(length => length.GetInt64())));
    }
}
