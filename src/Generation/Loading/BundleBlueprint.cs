using System.Text.Json;
using Locutor.Models;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;

namespace Locutor.Generation.Loading;

/// <summary>The sizes of a bundle's networks, and what their files may hold beside them.</summary>
/// <param name="bundle">What is built.</param>
public sealed class BundleBlueprint(Bundle bundle)
{
    public VideoTransformerConfig Transformer => Config(bundle.Networks.Transformer, "Wan14B", VideoTransformerConfig.Wan14B);

    public VideoAutoencoderConfig Autoencoder => Config(bundle.Networks.Autoencoder, "Wan21", VideoAutoencoderConfig.Wan21);

    public UmT5Config Text => Config(bundle.Networks.Text, "UmT5Xxl", UmT5Config.Xxl);

    public ClipVisionConfig Image => Config(bundle.Networks.Image, "ClipVitH14", ClipVisionConfig.VitH14);

    public Wav2Vec2Config Speech => Config(bundle.Networks.Speech, "Wav2Vec2Base", Wav2Vec2Config.ChineseBase);

    /// <summary>Makes the network, so that it asks <paramref name="weights"/> for every parameter.</summary>
    /// <returns>Whether the network's file may hold a tensor of that key, prefix taken off, which it does not ask for.</returns>
    public Func<string, bool> Build(string network, Weights weights)
    {
        switch (network)
        {
            case "transformer":
                _ = new VideoTransformer(weights, Transformer);
                return _ => false;
            case "autoencoder":
                _ = new VideoAutoencoder(weights, Autoencoder);
                return _ => false;
            case "text":
                _ = new UmT5Encoder(weights, Text);
                return UmT5Encoder.Leaves;
            case "image":
                return new ClipVisionEncoder(weights, Image).Leaves;
            default:
                _ = new Wav2Vec2Encoder(weights, Speech);
                return Wav2Vec2Encoder.Leaves;
        }
    }

    /// <summary>Whether a tensor of that key in the network's file is another network's: several may share one file.</summary>
    public bool IsAnothers(NetworkFiles files, string key) => files.Prefix.Length > 0
        ? !key.StartsWith(files.Prefix, StringComparison.Ordinal)
        : Bundle.NetworkNames.Select(bundle.Network).Any(other => other.Prefix.Length > 0 && key.StartsWith(other.Prefix, StringComparison.Ordinal));

    /// <summary>The place of a network in its file.</summary>
    public static Weights Below(Weights weights, NetworkFiles files) => files.Prefix.Length == 0 ? weights : weights[files.Prefix.TrimEnd('.')];

    private static T Config<T>(NetworkFiles files, string released, T architecture)
        where T : class
    {
        if (files.Config is { } config)
            return config.Deserialize<T>(JsonSerializerOptions.Web) ?? throw new BundleException($"expected the sizes of a {typeof(T).Name}, found null");
        return files.Architecture == released
            ? architecture
            : throw new BundleException($"unknown architecture '{files.Architecture}', expected {released} or sizes of its own");
    }
}
