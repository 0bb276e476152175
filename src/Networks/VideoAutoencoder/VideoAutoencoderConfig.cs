using System.Text.Json.Serialization;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>Sizes of a causal video autoencoder.</summary>
/// <param name="Width">Channels at full resolution; every level has this number times its multiplier. Multiples of 32 are fastest.</param>
/// <param name="LatentChannels">Channels of the latent.</param>
/// <param name="Multipliers">Multiplier of the channels of each level, full resolution first; height and width halve between
/// levels.</param>
/// <param name="ResidualBlocks">Residual blocks of each encoder level; the decoder has one more.</param>
/// <param name="TemporalDownsample">For each step between levels, whether the number of frames halves too.</param>
/// <param name="LatentMean">Mean of each latent channel, subtracted after encoding.</param>
/// <param name="LatentStd">Standard deviation of each latent channel, a divisor after encoding.</param>
public sealed record VideoAutoencoderConfig(
    int Width,
    int LatentChannels,
    IReadOnlyList<int> Multipliers,
    int ResidualBlocks,
    IReadOnlyList<bool> TemporalDownsample,
    IReadOnlyList<float> LatentMean,
    IReadOnlyList<float> LatentStd)
{
    /// <summary>
    /// Wan 2.1: 0.127 billion parameters. Mean and deviation are constants of the reference, wan/modules/vae.py, line 619.
    /// </summary>
    public static VideoAutoencoderConfig Wan21 { get; } = new(
        Width: 96, LatentChannels: 16, Multipliers: [1, 2, 4, 4], ResidualBlocks: 2, TemporalDownsample: [false, true, true],
        LatentMean: [-0.7571f, -0.7089f, -0.9113f, 0.1075f, -0.1745f, 0.9653f, -0.1517f, 1.5508f,
                     0.4134f, -0.0715f, 0.5517f, -0.3632f, -0.1922f, -0.9497f, 0.2503f, -0.2921f],
        LatentStd: [2.8184f, 1.4541f, 2.3275f, 2.6558f, 1.2196f, 1.7708f, 2.6052f, 2.0743f,
                    3.2687f, 2.1526f, 2.8652f, 1.5579f, 1.6382f, 1.1253f, 2.8251f, 1.9160f]);

    /// <summary>
    /// Channels of each level of the decoder, highest resolution first; null: those of the encoder. A decoder with fewer levels than the
    /// encoder leaves out the highest resolutions: its last convolution computes a square of pixels at each place.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? DecoderWidths { get; init; }

    /// <summary>Number of the decoder's last level, counted as in the encoder: 0 is the full resolution.</summary>
    public int LastDecoderLevel() => Multipliers.Count - (DecoderWidths?.Count ?? Multipliers.Count);

    /// <summary>Channels of a level of the decoder.</summary>
    /// <param name="level">Counted as in the encoder: 0 is the full resolution.</param>
    public int DecoderWidth(int level) => DecoderWidths?[level - LastDecoderLevel()] ?? Width * Multipliers[level];

    /// <summary>Channels that the decoder has after the upsampling that follows a level.</summary>
    /// <param name="level">Counted as in the encoder; it is not the last one.</param>
    public int UpsampledWidth(int level) =>
        DecoderWidths is null ? DecoderWidth(level) / 2 : Math.Min(DecoderWidth(level) / 2, DecoderWidth(level - 1));

    /// <summary>Height and width in pixels that one latent pixel covers.</summary>
    public int SpatialStride() => 1 << (Multipliers.Count - 1);

    /// <summary>Frames that each latent frame covers, except the first, which covers one.</summary>
    public int TemporalStride() => 1 << TemporalDownsample.Count(halves => halves);

    /// <summary>Checks that the sizes fit together.</summary>
    /// <exception cref="ArgumentException">They contradict each other.</exception>
    public void Validate()
    {
        if (Width < 1 || LatentChannels < 1 || ResidualBlocks < 1 || Multipliers.Count < 1 || Multipliers.Any(m => m < 1))
        {
            throw new ArgumentException(
                $"video autoencoder: width {Width}, {LatentChannels} latent channels, {ResidualBlocks} residual blocks and " +
                $"multipliers [{string.Join(", ", Multipliers)}] must all be at least 1");
        }

        // The decoder's upsampling halves the channels of every level but the last.
        if (Multipliers.Skip(1).Any(m => Width * m % 2 != 0))
        {
            throw new ArgumentException(
                $"video autoencoder: width {Width} times each of the multipliers [{string.Join(", ", Multipliers)}] after the first " +
                "must be even");
        }

        ValidateDecoder();
        if (TemporalDownsample.Count != Multipliers.Count - 1)
        {
            throw new ArgumentException(
                $"video autoencoder: expected {Multipliers.Count - 1} entries of temporal downsample for {Multipliers.Count} levels, " +
                $"found {TemporalDownsample.Count}");
        }

        if (LatentMean.Count != LatentChannels || LatentStd.Count != LatentChannels)
        {
            throw new ArgumentException(
                $"video autoencoder: expected mean and std of {LatentChannels} latent channels, found {LatentMean.Count} and " +
                $"{LatentStd.Count}");
        }
    }

    private void ValidateDecoder()
    {
        if (DecoderWidths is null) return;
        if (DecoderWidths.Count < 1 || DecoderWidths.Count > Multipliers.Count || DecoderWidths.Any(w => w < 1)
            || DecoderWidths.Skip(1).Any(w => w % 2 != 0))
        {
            throw new ArgumentException(
                $"video autoencoder: expected 1 to {Multipliers.Count} decoder widths of at least 1, even after the first, found " +
                $"[{string.Join(", ", DecoderWidths)}]");
        }

        if (TemporalDownsample.Take(LastDecoderLevel()).Any(halves => halves))
        {
            throw new ArgumentException(
                $"video autoencoder: {DecoderWidths.Count} decoder widths leave out a level between which the number of frames changes");
        }
    }
}
