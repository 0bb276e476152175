namespace Locutor.Networks.VideoAutoencoder;

/// <summary>How a video goes through the autoencoder so that it fits into memory.</summary>
/// <param name="Latents">Latent frames of one chunk, at least 1.</param>
/// <param name="Down">Tiles along the height; with one tile in all, every layer goes over whole frames.</param>
/// <param name="Across">Tiles along the width.</param>
public sealed record CodingPlan(int Latents, int Down = 1, int Across = 1)
{
    /// <summary>A chunk larger than this many bytes is no faster.</summary>
    private const long Enough = 13L << 30;

    /// <summary>Pixels along a side of a tile; smaller ones would be mostly halo.</summary>
    private const int SmallestTile = 64;

    /// <summary>Values that live at once at full resolution, for every channel of the first level.</summary>
    private const int LiveTensors = 10;

    public bool Tiled => Down > 1 || Across > 1;

    /// <summary>As few tiles, and as long chunks, as the room allows; where not even the smallest tile fits, that one.</summary>
    /// <param name="layers">Those that would go in tiles, of the decoder.</param>
    /// <param name="latents">Of the video.</param>
    /// <param name="height">Of the pixels.</param>
    /// <param name="width">Of the pixels.</param>
    /// <param name="valueBytes">Of one number.</param>
    /// <param name="room">Bytes beside the parameters.</param>
    internal static CodingPlan Within(
        VideoAutoencoderConfig config, IReadOnlyList<CausalLayer> layers, long latents, long height, long width, int valueBytes, long room)
    {
        double work = (double)LiveTensors * config.TemporalStride() * config.Width * valueBytes; // bytes for a pixel and a latent frame
        double left = room - Remembered(config, 0, config.Multipliers.Count) * valueBytes * height * width;
        if (left >= work * height * width) return new((int)Math.Clamp(Math.Min(left, Enough) / (work * height * width), 1, int.MaxValue));
        int high = Math.Min(Coders.HighLevels, config.Multipliers.Count - 1);
        double whole = Between(config, high, latents) * valueBytes * height * width, tile = work + Remembered(config, 0, high) * valueBytes;
        long scale = layers.Aggregate(1L, (product, layer) => product * layer.Sight.Grows);
        var plan = new CodingPlan(1);
        while (true)
        {
            double pixels = Largest(height, plan.Down) * Largest(width, plan.Across);
            if (plan.Tiled && whole + tile * pixels <= room) return plan;
            var finer = height / plan.Down >= width / plan.Across ? plan with { Down = plan.Down + 1 } : plan with { Across = plan.Across + 1 };
            if (Math.Min(height / finer.Down, width / finer.Across) < SmallestTile) return plan;
            plan = finer;
        }

        double Largest(long pixels, int tiles) => scale * Tiles.Cuts(layers, pixels / scale, tiles).Max(cut => cut.Read.Length);
    }

    /// <summary>Values for a pixel that the layers of some levels keep between chunks: two frames before every convolution, of which time has one as well.</summary>
    internal static double Remembered(VideoAutoencoderConfig config, int from, int to)
    {
        double sum = 0;
        for (int level = from; level < to; level++)
        {
            int convolutions = 2 * (config.ResidualBlocks + 1) + 1 + (level == config.Multipliers.Count - 1 ? 4 : 0);
            sum += 2.0 * convolutions * config.Width * config.Multipliers[level] / (1L << (2 * level));
        }
        return sum;
    }

    /// <summary>Values for a pixel of what stands whole while tiles are made: what they are made from, for all of the video, and the pixels twice.</summary>
    private static double Between(VideoAutoencoderConfig config, int level, long latents)
    {
        int doubled = config.TemporalDownsample.Skip(level).Count(halves => halves);
        double frames = 1 + (latents - 1) * (1L << doubled), pixels = 1 + (latents - 1) * (double)config.TemporalStride();
        return frames * config.Width * config.Multipliers[level] / (1L << (2 * level)) + 2 * 3 * pixels;
    }
}
