using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>A part of a causal network: a chunk of video in, a chunk out; no cache means that the chunk is the whole video.</summary>
internal delegate Tensor CausalLayer(Tensor x, CausalCache? cache);

/// <summary>A causal network as the list of its layers.</summary>
internal sealed class CausalStack(IReadOnlyList<CausalLayer> layers)
{
    public IReadOnlyList<CausalLayer> Layers => layers;

    /// <summary>The last layer's answer; null when the chunk completed no frame of it yet.</summary>
    public Tensor? Forward(Tensor x, CausalCache? cache, CancellationToken ct = default)
    {
        var input = x;
        foreach (var layer in layers)
        {
            ct.ThrowIfCancellationRequested(); // a chunk takes seconds on a processor
            var next = layer(x, cache);
            if (!ReferenceEquals(x, input)) x.Dispose(); // else every layer's answer would live until the end
            x = next;
            if (x.shape[2] > 0) continue;
            x.Dispose();
            return null;
        }
        return x;
    }
}

internal static class Coders
{
    /// <summary>Pixels to the moments of a latent: twice its channels.</summary>
    public static CausalStack Encoder(Weights weights, VideoAutoencoderConfig config)
    {
        int width = config.Width, inputs = width, at = 0;
        List<CausalLayer> layers = [new CausalConv3d(weights["conv1"], 3, width, 3, 3).Forward];
        for (int level = 0; level < config.Multipliers.Count; level++)
        {
            int outputs = width * config.Multipliers[level];
            for (int i = 0; i < config.ResidualBlocks; i++, inputs = outputs)
                layers.Add(new ResidualBlock(weights["downsamples"][at++], inputs, outputs).Forward);
            if (level < config.Multipliers.Count - 1)
                layers.Add(new Downsample(weights["downsamples"][at++], outputs, config.TemporalDownsample[level]).Forward);
        }
        AddMiddle(layers, weights["middle"], inputs);
        layers.Add(new Head(weights["head"], inputs, 2 * config.LatentChannels).Forward);
        return new(layers);
    }

    /// <summary>A latent to pixels.</summary>
    public static CausalStack Decoder(Weights weights, VideoAutoencoderConfig config)
    {
        int inputs = config.Width * config.Multipliers[^1], at = 0;
        List<CausalLayer> layers = [new CausalConv3d(weights["conv1"], config.LatentChannels, inputs, 3, 3).Forward];
        AddMiddle(layers, weights["middle"], inputs);
        for (int level = config.Multipliers.Count - 1; level >= 0; level--)
        {
            int outputs = config.Width * config.Multipliers[level];
            for (int i = 0; i <= config.ResidualBlocks; i++, inputs = outputs)
                layers.Add(new ResidualBlock(weights["upsamples"][at++], inputs, outputs).Forward);
            if (level == 0) continue;
            layers.Add(new Upsample(weights["upsamples"][at++], outputs, config.TemporalDownsample[level - 1]).Forward);
            inputs = outputs / 2;
        }
        layers.Add(new Head(weights["head"], inputs, 3).Forward);
        return new(layers);
    }

    private static void AddMiddle(List<CausalLayer> layers, Weights weights, int channels)
    {
        layers.Add(new ResidualBlock(weights[0], channels, channels).Forward);
        layers.Add(new FrameAttention(weights[1], channels).Forward);
        layers.Add(new ResidualBlock(weights[2], channels, channels).Forward);
    }
}

/// <summary>conv(silu(norm(x))).</summary>
internal sealed class Head(Weights weights, int inputs, int outputs)
{
    private readonly ChannelNorm norm = new(weights[0], inputs, 3);
    private readonly CausalConv3d conv = new(weights[2], inputs, outputs, 3, 3);

    public Tensor Forward(Tensor x, CausalCache? cache) => conv.Forward(norm, x, cache);
}
