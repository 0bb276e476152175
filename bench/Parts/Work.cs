using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>Computes the least arithmetic of a part in FLOP from the architecture. A multiplication and an addition count as two.</summary>
internal static class Work
{
    /// <summary>
    /// Counts the matrix products of all blocks in one pass. Keys and values of text, picture and speech are not counted, since they are
    /// computed once per clip; nor are the projections of the attention to speech when they are folded.
    /// </summary>
    public static double Linears(VideoTransformerConfig config, PatchGrid grid) =>
        2.0 * config.Blocks * grid.Tokens
            * ((Folds(config, grid) ? 6.0 : 8.0) * config.Width * config.Width + 2.0 * config.Width * config.FeedForward);

    public static double SelfAttention(VideoTransformerConfig config, PatchGrid grid) =>
        4.0 * config.Blocks * grid.Tokens * grid.Tokens * config.Width;

    /// <summary>Counts the attention to text, picture and speech.</summary>
    public static double OtherAttention(VideoTransformerConfig config, PatchGrid grid) =>
        4.0 * config.Blocks * grid.Tokens * (config.TextTokens + 257 + (Folds(config, grid) ? 0 : config.AudioTokens)) * config.Width;

    /// <summary>Returns the lower bound of one pass in seconds: products and attention one after the other at the measured rates.</summary>
    public static double PassFloor(
        VideoTransformerConfig config, PatchGrid grid, Ceilings ceilings, ScalarType type, LinearPrecision held, Device device)
    {
        return ceilings.Floor(Ceilings.Product(type, held, device), Linears(config, grid))
            + ceilings.Floor(ceilings.SelfAttention(type, held, device, grid.Tokens), SelfAttention(config, grid))
            + ceilings.Floor(Ceilings.Attention(type, device), OtherAttention(config, grid))
            + ceilings.Floor(Ceilings.Plain(type), FoldedSpeech(config, grid));
    }

    /// <summary>
    /// Counts the attention to speech of all blocks when its projections are folded into keys and values; 0 when they are not.
    /// </summary>
    public static double FoldedSpeech(VideoTransformerConfig config, PatchGrid grid) =>
        Folds(config, grid)
            ? 4.0 * config.Blocks * config.AudioTokens * config.Width
            * ((double)config.Heads * grid.Tokens + (double)grid.Frames * config.Width)
            : 0;

    public static bool Folds(VideoTransformerConfig config, PatchGrid grid) =>
        FoldedAttention.IsWorthwhile(grid.Tokens / grid.Frames, config.AudioTokens, config.Heads, config.Width);

    /// <summary>
    /// Counts the convolutions of the decoder for a whole latent. Upsampling by 2 and a 3x3 convolution are a 2x2 convolution for each
    /// row and column modulo 2.
    /// </summary>
    public static double Decode(VideoAutoencoderConfig config, long latentFrames, long height, long width)
    {
        double sum = 0;
        int levels = config.Multipliers.Count, last = config.LastDecoderLevel();
        long frames = latentFrames;
        int channels = config.DecoderWidth(levels - 1);
        sum += Conv(config.LatentChannels, channels, 27, Pixels(frames, height, width, levels - 1))
            + 4 * Conv(channels, channels, 27, Pixels(frames, height, width, levels - 1));
        int inputs = channels;
        for (int level = levels - 1; level >= last; level--)
        {
            int outputs = config.DecoderWidth(level);
            for (int i = 0; i <= config.ResidualBlocks; i++, inputs = outputs)
            {
                sum += Conv(inputs, outputs, 27, Pixels(frames, height, width, level))
                    + Conv(outputs, outputs, 27, Pixels(frames, height, width, level))
                    + (inputs == outputs ? 0 : Conv(inputs, outputs, 1, Pixels(frames, height, width, level)));
            }
            if (level == last) continue;
            if (config.TemporalDownsample[level - 1])
            {
                sum += Conv(outputs, 2 * outputs, 3, Pixels(frames - 1, height, width, level));
                frames = 2 * frames - 1;
            }
            inputs = config.UpsampledWidth(level);
            sum += Conv(outputs, inputs, 4, Pixels(frames, height, width, level - 1));
        }
        return sum + Conv(inputs, 3 << (2 * last), 27, Pixels(frames, height, width, last));
    }

    private static double Pixels(long frames, long height, long width, int level) => (double)frames * (height >> level) * (width >> level);

    private static double Conv(int inputs, int outputs, int kernel, double pixels) => 2.0 * inputs * outputs * kernel * pixels;
}
