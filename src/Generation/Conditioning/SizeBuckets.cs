namespace Locutor.Generation.Conditioning;

/// <summary>The pictures that a network was trained on, [height, width]; the one of the nearest shape is taken.</summary>
public static class SizeBuckets
{
    /// <summary>About 627 x 627 pixels. Source: <c>ASPECT_RATIO_627</c> of the reference.</summary>
    public static IReadOnlyList<int[]> At480p { get; } =
    [
        [320, 1216], [384, 1024], [448, 896], [512, 768], [576, 704], [640, 640], [704, 576], [768, 512],
        [832, 448], [896, 448], [960, 384], [1088, 384], [1152, 320], [1216, 320], [1280, 320],
    ];

    /// <summary>About 960 x 960 pixels. Source: <c>ASPECT_RATIO_960</c> of the reference.</summary>
    public static IReadOnlyList<int[]> At720p { get; } =
    [
        [448, 2048], [512, 1792], [576, 1600], [640, 1408], [704, 1280], [768, 1216], [832, 1088], [896, 1024],
        [960, 960], [1024, 896], [1088, 832], [1152, 768], [1216, 768], [1280, 704], [1344, 704], [1408, 640],
        [1472, 640], [1536, 576], [1664, 576], [1856, 512], [1920, 512],
    ];

    /// <summary>The bucket whose height / width is nearest to that of a picture.</summary>
    public static (int Height, int Width) Nearest(IReadOnlyList<int[]> buckets, int height, int width)
    {
        double ratio = (double)height / width;
        // The reference compares with ratios rounded to two digits; so do we, or pictures at a border would change shape.
        int[] nearest = buckets.MinBy(bucket => Math.Abs(Math.Round((double)bucket[0] / bucket[1], 2) - ratio))!;
        return (nearest[0], nearest[1]);
    }

    /// <summary>The size at which a portrait keeps its own pixels, in the shape of a bucket: even, at least the bucket, at most <paramref name="largestSide"/>.</summary>
    public static (int Height, int Width) OwnSize((int Height, int Width) bucket, (int Height, int Width) picture, int largestSide)
    {
        double fits = Math.Min((double)picture.Height / bucket.Height, (double)picture.Width / bucket.Width);
        double scale = Math.Max(1, Math.Min(fits, (double)largestSide / Math.Max(bucket.Height, bucket.Width)));
        return (Even(bucket.Height * scale), Even(bucket.Width * scale));
    }

    private static int Even(double pixels) => 2 * (int)Math.Floor(pixels / 2 + 1e-6);
}
