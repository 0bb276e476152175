using System.Text.Json;
using Locutor.Models;
using Locutor.Networks.ClipVision;
using Locutor.Networks.FaceUpsampler;
using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;

namespace Locutor.Generation.Blueprints;

/// <summary>The table of all networks: released sizes, constructor, and the unused keys of their files.</summary>
internal static class NetworkTable
{
    public static NetworkRow<VideoTransformerConfig> Transformer { get; } = new(
        NetworkKind.Transformer, "Wan14B", VideoTransformerConfig.Wan14B, (weights, config) => new VideoTransformer(weights, config),
        (_, _) => false);

    public static NetworkRow<VideoAutoencoderConfig> Autoencoder { get; } = new(
        NetworkKind.Autoencoder, "Wan21", VideoAutoencoderConfig.Wan21, (weights, config) => new VideoAutoencoder(weights, config),
        (_, _) => false);

    public static NetworkRow<UmT5Config> Text { get; } = new(
        NetworkKind.Text, "UmT5Xxl", UmT5Config.Xxl, (weights, config) => new UmT5Encoder(weights, config),
        (_, key) => UmT5Encoder.IgnoresKey(key));

    public static NetworkRow<ClipVisionConfig> Image { get; } = new(
        NetworkKind.Image, "ClipVitH14", ClipVisionConfig.VitH14, (weights, config) => new ClipVisionEncoder(weights, config),
        ClipVisionEncoder.IgnoresKey);

    public static NetworkRow<Wav2Vec2Config> Speech { get; } = new(
        NetworkKind.Speech, "Wav2Vec2Base", Wav2Vec2Config.ChineseBase, (weights, config) => new Wav2Vec2Encoder(weights, config),
        (_, key) => Wav2Vec2Encoder.IgnoresKey(key));

    public static NetworkRow<FaceUpsamplerConfig> Upsampler { get; } = new(
        NetworkKind.Upsampler, "Sketch", new FaceUpsamplerConfig(Width: 48, Blocks: 3, Factor: 4),
        (weights, config) => new FaceUpsampler(weights, config), (_, _) => false);

    private static readonly NetworkRow[] Rows = [Transformer, Autoencoder, Text, Image, Speech, Upsampler];

    /// <summary>Returns the row of a network.</summary>
    public static NetworkRow Row(NetworkKind kind) =>
        Array.Find(Rows, row => row.Kind == kind)
            ?? throw new ArgumentOutOfRangeException(nameof(kind), kind, $"expected {NetworkKinds.Names}");
}

/// <summary>One network of the table.</summary>
internal abstract record NetworkRow(NetworkKind Kind)
{
    /// <summary>Builds the network in the bundle's sizes; it requests every parameter from <paramref name="weights"/>.</summary>
    public abstract object Build(Bundle bundle, Weights weights);

    /// <summary>
    /// True if the network's file may contain a tensor of that key (without the prefix) although the network does not use it.
    /// </summary>
    public abstract bool Ignores(Bundle bundle, string key);
}

/// <summary>One network of the table, with the type of its configuration.</summary>
/// <param name="Kind">The network.</param>
/// <param name="Architecture">Name of the released architecture in bundle files.</param>
/// <param name="Released">Configuration of the released architecture.</param>
/// <param name="Construct">Builds the network.</param>
/// <param name="Unused">Returns true for a key of the file that the network does not use.</param>
internal sealed record NetworkRow<T>(
    NetworkKind Kind, string Architecture, T Released, Func<Weights, T, object> Construct, Func<T, string, bool> Unused) : NetworkRow(Kind)
    where T : class
{
    /// <summary>Returns the network's configuration in a bundle.</summary>
    /// <exception cref="BundleException">The bundle names another architecture, or its sizes are missing.</exception>
    public T ConfigOf(Bundle bundle)
    {
        var files = bundle.Network(Kind);
        if (files.Config is { } config)
        {
            return config.Deserialize<T>(JsonSerializerOptions.Web)
                ?? throw new BundleException($"expected the sizes of a {typeof(T).Name}, found null");
        }

        return files.Architecture == Architecture
            ? Released
            : throw new BundleException($"unknown architecture '{files.Architecture}', expected {Architecture} or sizes of its own");
    }

    public override object Build(Bundle bundle, Weights weights) => Construct(weights, ConfigOf(bundle));

    public override bool Ignores(Bundle bundle, string key) => Unused(ConfigOf(bundle), key);
}
