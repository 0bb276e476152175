using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// Builds the encoder and the decoder of the video autoencoder as lists of layers.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/vae.py, lines 265 and 369, at commit 0107cd9.
/// </summary>
internal static class AutoencoderStacks
{
    /// <summary>
    /// Number of resolutions that are computed in tiles. They need nearly all memory; at lower resolutions, the overlap of tiles would take
    /// too much time.
    /// </summary>
    public const int HighLevels = 2;

    /// <summary>Creates the encoder, from pixels to the moments of the latent: twice its channels.</summary>
    public static CausalStack Encoder(Weights weights, VideoAutoencoderConfig config)
    {
        int width = config.Width, inputs = width, at = 0;
        List<CausalLayer> layers = [new(new CausalConv3d(weights["conv1"], 3, width, 3, 3).Forward, ReceptiveField.Around(1))];
        int split = 0;
        for (int level = 0; level < config.Multipliers.Count; level++)
        {
            int outputs = width * config.Multipliers[level];
            for (int i = 0; i < config.ResidualBlocks; i++, inputs = outputs)
                layers.Add(Block(weights["downsamples"][at++], inputs, outputs));
            if (level < config.Multipliers.Count - 1)
            {
                layers.Add(new(
                    new Downsample(weights["downsamples"][at++], outputs, config.TemporalDownsample[level]).Forward,
                    ReceptiveField.Halving));
            }

            if (level < HighLevels) split = layers.Count;
        }

        AddMiddle(layers, weights["middle"], inputs);
        layers.Add(new(new Head(weights["head"], inputs, 2 * config.LatentChannels).Forward, ReceptiveField.Around(1)));
        return new(layers, split);
    }

    /// <summary>Creates the decoder, from a latent to pixels.</summary>
    public static CausalStack Decoder(Weights weights, VideoAutoencoderConfig config)
    {
        int last = config.LastDecoderLevel(), inputs = config.DecoderWidth(config.Multipliers.Count - 1), at = 0;
        List<CausalLayer> layers =
        [
            new(new CausalConv3d(weights["conv1"], config.LatentChannels, inputs, 3, 3).Forward, ReceptiveField.Around(1))
        ];
        AddMiddle(layers, weights["middle"], inputs);
        int split = layers.Count;
        for (int level = config.Multipliers.Count - 1; level >= last; level--)
        {
            int outputs = config.DecoderWidth(level);
            for (int i = 0; i <= config.ResidualBlocks; i++, inputs = outputs)
                layers.Add(Block(weights["upsamples"][at++], inputs, outputs));
            if (level >= HighLevels) split = layers.Count;
            if (level == last) continue;
            inputs = config.UpsampledWidth(level);
            layers.Add(new(
                new Upsample(weights["upsamples"][at++], outputs, inputs, config.TemporalDownsample[level - 1]).Forward,
                ReceptiveField.Doubling));
        }

        int patch = 1 << last;
        layers.Add(new(new Head(weights["head"], inputs, 3 * patch * patch).Forward, ReceptiveField.Around(1)));
        if (patch > 1) layers.Add(new(new PixelShuffle(patch).Forward, ReceptiveField.Patch(patch)));
        return new(layers, split);
    }

    private static void AddMiddle(List<CausalLayer> layers, Weights weights, int channels)
    {
        layers.Add(Block(weights[0], channels, channels));
        layers.Add(new(new FrameAttention(weights[1], channels).Forward, ReceptiveField.WholeFrame));
        layers.Add(Block(weights[2], channels, channels));
    }

    private static CausalLayer Block(Weights weights, int inputs, int outputs) =>
        new(new ResidualBlock(weights, inputs, outputs).Forward, ReceptiveField.Around(2)); // two 3x3 convolutions

    /// <summary>The last layers, conv(silu(norm(x))).</summary>
    private sealed class Head(Weights weights, int inputs, int outputs)
    {
        private readonly ChannelNorm norm = new(weights[0], inputs, 3);
        private readonly CausalConv3d conv = new(weights[2], inputs, outputs, 3, 3);

        public Tensor Forward(Tensor x, CausalCache? cache) => conv.Forward(norm, x, cache);
    }
}
