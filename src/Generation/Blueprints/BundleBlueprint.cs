using Locutor.Models;
using Locutor.Networks.ClipVision;
using Locutor.Networks.FaceUpsampler;
using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;

namespace Locutor.Generation.Blueprints;

/// <summary>The configurations of a bundle's networks, and the additional tensors that their files may contain.</summary>
/// <param name="bundle">The bundle.</param>
public sealed class BundleBlueprint(Bundle bundle)
{
    public VideoTransformerConfig Transformer => NetworkTable.Transformer.ConfigOf(bundle);

    public VideoAutoencoderConfig Autoencoder => NetworkTable.Autoencoder.ConfigOf(bundle);

    public UmT5Config Text => NetworkTable.Text.ConfigOf(bundle);

    public ClipVisionConfig Image => NetworkTable.Image.ConfigOf(bundle);

    public Wav2Vec2Config Speech => NetworkTable.Speech.ConfigOf(bundle);

    /// <summary>Configuration of the upsampler; null if the bundle has none.</summary>
    public FaceUpsamplerConfig? Upsampler => bundle.Networks.Upsampler is null ? null : NetworkTable.Upsampler.ConfigOf(bundle);

    /// <summary>Builds a network, which requests all its parameters from its part of <paramref name="weights"/>.</summary>
    public void Build(NetworkKind kind, Weights weights) => NetworkTable.Row(kind).Build(bundle, Below(weights, bundle.Network(kind)));

    /// <summary>True if the network's file may contain this tensor although the network does not use it.</summary>
    public bool Ignores(NetworkKind kind, string key)
    {
        var files = bundle.Network(kind);
        return IsAnothers(files, key) || NetworkTable.Row(kind).Ignores(bundle, key[files.Prefix.Length..]);
    }

    /// <summary>Returns the part of a file's weights that belongs to the network.</summary>
    public static Weights Below(Weights weights, NetworkFiles files) =>
        files.Prefix.Length == 0 ? weights : weights[files.Prefix.TrimEnd('.')];

    /// <summary>True if a tensor in the network's file belongs to another network; several networks may share one file.</summary>
    private bool IsAnothers(NetworkFiles files, string key) => files.Prefix.Length > 0
        ? !key.StartsWith(files.Prefix, StringComparison.Ordinal)
        : NetworkKinds.All.Select(bundle.Network).Any(
            other => other.Prefix.Length > 0 && key.StartsWith(other.Prefix, StringComparison.Ordinal));
}
