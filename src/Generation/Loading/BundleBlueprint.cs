using Locutor.Models;
using Locutor.Networks.ClipVision;
using Locutor.Networks.FaceUpsampler;
using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;

namespace Locutor.Generation.Loading;

/// <summary>Sizes of a bundle's networks, and which tensors their files may hold in addition.</summary>
/// <param name="bundle">The bundle that is built.</param>
public sealed class BundleBlueprint(Bundle bundle)
{
    public VideoTransformerConfig Transformer => NetworkTable.Transformer.ConfigOf(bundle);

    public VideoAutoencoderConfig Autoencoder => NetworkTable.Autoencoder.ConfigOf(bundle);

    public UmT5Config Text => NetworkTable.Text.ConfigOf(bundle);

    public ClipVisionConfig Image => NetworkTable.Image.ConfigOf(bundle);

    public Wav2Vec2Config Speech => NetworkTable.Speech.ConfigOf(bundle);

    /// <summary>Null where the bundle has none.</summary>
    public FaceUpsamplerConfig? Upsampler => bundle.Networks.Upsampler is null ? null : NetworkTable.Upsampler.ConfigOf(bundle);

    /// <summary>Builds a network, so that it asks its part of <paramref name="weights"/> for every parameter.</summary>
    public void Build(NetworkKind kind, Weights weights) => NetworkTable.Row(kind).Build(bundle, Below(weights, bundle.Network(kind)));

    /// <summary>Whether a network's file may hold a tensor of that key, which the network does not use.</summary>
    public bool Ignores(NetworkKind kind, string key)
    {
        var files = bundle.Network(kind);
        return IsAnothers(files, key) || NetworkTable.Row(kind).Ignores(bundle, key[files.Prefix.Length..]);
    }

    /// <summary>The part of a file that a network reads.</summary>
    public static Weights Below(Weights weights, NetworkFiles files) => files.Prefix.Length == 0 ? weights : weights[files.Prefix.TrimEnd('.')];

    /// <summary>Whether a tensor in the network's file belongs to another network: several may share one file.</summary>
    private bool IsAnothers(NetworkFiles files, string key) => files.Prefix.Length > 0
        ? !key.StartsWith(files.Prefix, StringComparison.Ordinal)
        : NetworkKinds.All.Select(bundle.Network).Any(other => other.Prefix.Length > 0 && key.StartsWith(other.Prefix, StringComparison.Ordinal));
}
