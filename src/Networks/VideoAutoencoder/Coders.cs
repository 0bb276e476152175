using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>A part of a causal network.</summary>
/// <param name="Forward">A chunk of video in, a chunk out; no cache means that the chunk is the whole video.</param>
/// <param name="Sight">How far it sees in space.</param>
internal sealed record CausalLayer(Func<Tensor, CausalCache?, Tensor> Forward, Sight Sight);

/// <summary>A causal network as the list of its layers.</summary>
/// <param name="layers">In order.</param>
/// <param name="split">How many layers come before the network goes from the two highest resolutions to the others, or back.</param>
internal sealed class CausalStack(IReadOnlyList<CausalLayer> layers, int split)
{
    public IReadOnlyList<CausalLayer> Layers => layers;

    /// <summary>Both parts, as networks of the same layers.</summary>
    public (CausalStack Before, CausalStack After) Split() => (new([.. layers.Take(split)], split), new([.. layers.Skip(split)], 0));

    /// <summary>The last layer's answer; null when the chunk completed no frame of it yet.</summary>
    public Tensor? Forward(Tensor x, CausalCache? cache, CancellationToken ct = default)
    {
        var input = x;
        foreach (var layer in layers)
        {
            ct.ThrowIfCancellationRequested(); // a chunk takes seconds on a processor
            var next = layer.Forward(x, cache);
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
    /// <summary>Resolutions that go in tiles: nearly all memory is theirs, and below them every pixel of halo would be four or more of the picture's.</summary>
    public const int HighLevels = 2;

    /// <summary>Pixels to the moments of a latent: twice its channels.</summary>
    public static CausalStack Encoder(Weights weights, VideoAutoencoderConfig config)
    {
        int width = config.Width, inputs = width, at = 0;
        List<CausalLayer> layers = [new(new CausalConv3d(weights["conv1"], 3, width, 3, 3).Forward, Sight.Around(1))];
        int split = 0;
        for (int level = 0; level < config.Multipliers.Count; level++)
        {
            int outputs = width * config.Multipliers[level];
            for (int i = 0; i < config.ResidualBlocks; i++, inputs = outputs)
                layers.Add(Block(weights["downsamples"][at++], inputs, outputs));
            if (level < config.Multipliers.Count - 1)
                layers.Add(new(new Downsample(weights["downsamples"][at++], outputs, config.TemporalDownsample[level]).Forward, Sight.Halving));
            if (level < HighLevels) split = layers.Count;
        }
        AddMiddle(layers, weights["middle"], inputs);
        layers.Add(new(new Head(weights["head"], inputs, 2 * config.LatentChannels).Forward, Sight.Around(1)));
        return new(layers, split);
    }

    /// <summary>A latent to pixels.</summary>
    public static CausalStack Decoder(Weights weights, VideoAutoencoderConfig config)
    {
        int inputs = config.Width * config.Multipliers[^1], at = 0;
        List<CausalLayer> layers = [new(new CausalConv3d(weights["conv1"], config.LatentChannels, inputs, 3, 3).Forward, Sight.Around(1))];
        AddMiddle(layers, weights["middle"], inputs);
        int split = layers.Count;
        for (int level = config.Multipliers.Count - 1; level >= 0; level--)
        {
            int outputs = config.Width * config.Multipliers[level];
            for (int i = 0; i <= config.ResidualBlocks; i++, inputs = outputs)
                layers.Add(Block(weights["upsamples"][at++], inputs, outputs));
            if (level >= HighLevels) split = layers.Count;
            if (level == 0) continue;
            layers.Add(new(new Upsample(weights["upsamples"][at++], outputs, config.TemporalDownsample[level - 1]).Forward, Sight.Doubling));
            inputs = outputs / 2;
        }
        layers.Add(new(new Head(weights["head"], inputs, 3).Forward, Sight.Around(1)));
        return new(layers, split);
    }

    private static void AddMiddle(List<CausalLayer> layers, Weights weights, int channels)
    {
        layers.Add(Block(weights[0], channels, channels));
        layers.Add(new(new FrameAttention(weights[1], channels).Forward, Sight.Everywhere));
        layers.Add(Block(weights[2], channels, channels));
    }

    private static CausalLayer Block(Weights weights, int inputs, int outputs) => new(new ResidualBlock(weights, inputs, outputs).Forward, Sight.Around(2)); // two 3x3 convolutions
}

/// <summary>conv(silu(norm(x))).</summary>
internal sealed class Head(Weights weights, int inputs, int outputs)
{
    private readonly ChannelNorm norm = new(weights[0], inputs, 3);
    private readonly CausalConv3d conv = new(weights[2], inputs, outputs, 3, 3);

    public Tensor Forward(Tensor x, CausalCache? cache) => conv.Forward(norm, x, cache);
}
