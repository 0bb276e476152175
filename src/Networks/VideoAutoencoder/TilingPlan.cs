namespace Locutor.Networks.VideoAutoencoder;

/// <summary>Divides a video into chunks over time and tiles in space, so that its encoding or decoding fits into memory.</summary>
/// <param name="Latents">Latent frames of one chunk, at least 1.</param>
/// <param name="Down">Tiles along the height; 1 x 1 tiles means that every layer computes whole frames.</param>
/// <param name="Across">Tiles along the width.</param>
public sealed record TilingPlan(int Latents, int Down = 1, int Across = 1)
{
    /// <summary>Bytes of a chunk beyond which longer chunks are not faster.</summary>
    private const long LargestUsefulChunk = 13L << 30;

    /// <summary>Smallest side of a tile in pixels; smaller tiles would be mostly overlap.</summary>
    private const int SmallestTile = 64;

    /// <summary>Number of full-resolution activations that live at once, for each channel of the first level.</summary>
    private const int LiveTensors = 10;

    /// <summary>Whether there is more than one tile.</summary>
    public bool Tiled => Down > 1 || Across > 1;

    /// <summary>
    /// Chooses the fewest tiles and the longest chunks that fit into a memory budget. If nothing fits, chooses the smallest tiles.
    /// </summary>
    /// <param name="config">Sizes of the autoencoder.</param>
    /// <param name="layers">Layers of the decoder that are computed in tiles.</param>
    /// <param name="latents">Latent frames of the video.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="valueBytes">Bytes of one value.</param>
    /// <param name="budget">Bytes that may be used in addition to the parameters.</param>
    internal static TilingPlan Within(
        VideoAutoencoderConfig config, IReadOnlyList<CausalLayer> layers, long latents, long height, long width, int valueBytes,
        long budget)
    {
        double work = (double)LiveTensors * config.TemporalStride() * config.Width * valueBytes; // bytes for each pixel and latent frame
        double left = budget - CachedValues(config, 0, config.Multipliers.Count) * valueBytes * height * width;
        if (left >= work * height * width)
            return new((int)Math.Clamp(Math.Min(left, LargestUsefulChunk) / (work * height * width), 1, int.MaxValue));
        int high = Math.Min(AutoencoderStacks.HighLevels, config.Multipliers.Count - 1);
        double untiled = UntiledValues(config, high, latents) * valueBytes * height * width,
            tiled = work + CachedValues(config, 0, high) * valueBytes;
        long scale = layers.Aggregate(1L, (product, layer) => product * layer.Field.Upscale);
        var plan = new TilingPlan(1);
        while (true)
        {
            double pixels = LargestTile(height, plan.Down) * LargestTile(width, plan.Across);
            if (plan.Tiled && untiled + tiled * pixels <= budget) return plan;
            var finer = height / plan.Down >= width / plan.Across
                ? plan with { Down = plan.Down + 1 }
                : plan with { Across = plan.Across + 1 };
            if (Math.Min(height / finer.Down, width / finer.Across) < SmallestTile) return plan;
            plan = finer;
        }

        double LargestTile(long pixels, int tiles) => scale * Tiles.Slice(layers, pixels / scale, tiles).Max(slice => slice.Input.Length);
    }

    /// <summary>
    /// Values per output pixel that the layers of some levels keep between chunks: two frames for each causal convolution, including the
    /// one that changes the frame rate.
    /// </summary>
    internal static double CachedValues(VideoAutoencoderConfig config, int from, int to)
    {
        double sum = 0;
        for (int level = from; level < to; level++)
        {
            int convolutions = 2 * (config.ResidualBlocks + 1) + 1 + (level == config.Multipliers.Count - 1 ? 4 : 0);
            sum += 2.0 * convolutions * config.Width * config.Multipliers[level] / (1L << (2 * level));
        }

        return sum;
    }

    /// <summary>Untiled buffers, in values per output pixel: the tiles' input for the whole video, and two copies of the output.</summary>
    private static double UntiledValues(VideoAutoencoderConfig config, int level, long latents)
    {
        int doublings = config.TemporalDownsample.Skip(level).Count(halves => halves);
        double frames = 1 + (latents - 1) * (1L << doublings), pixels = 1 + (latents - 1) * (double)config.TemporalStride();
        return frames * config.Width * config.Multipliers[level] / (1L << (2 * level)) + 2 * 3 * pixels;
    }
}
