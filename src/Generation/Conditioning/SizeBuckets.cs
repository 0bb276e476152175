namespace Locutor.Generation.Conditioning;

/// <summary>
/// The picture sizes that a network was trained on, as [height, width] in pixels; the one of the nearest shape is used. Reference:
/// MeiGen-AI/InfiniteTalk, wan/utils/multitalk_utils.py, lines 26 and 33, at commit 0107cd9.
/// </summary>
public static class SizeBuckets
{
    /// <summary>Sizes with the area of about 627 x 627 pixels.</summary>
    public static IReadOnlyList<int[]> At480p { get; } =
    [
        [320, 1216], [384, 1024], [448, 896], [512, 768], [576, 704], [640, 640], [704, 576], [768, 512],
        [832, 448], [896, 448], [960, 384], [1088, 384], [1152, 320], [1216, 320], [1280, 320],
    ];

    /// <summary>Sizes with the area of about 960 x 960 pixels.</summary>
    public static IReadOnlyList<int[]> At720p { get; } =
    [
        [448, 2048], [512, 1792], [576, 1600], [640, 1408], [704, 1280], [768, 1216], [832, 1088], [896, 1024],
        [960, 960], [1024, 896], [1088, 832], [1152, 768], [1216, 768], [1280, 704], [1344, 704], [1408, 640],
        [1472, 640], [1536, 576], [1664, 576], [1856, 512], [1920, 512],
    ];

    /// <summary>Returns the bucket whose ratio of height to width is nearest to that of the picture.</summary>
    public static (int Height, int Width) Nearest(IReadOnlyList<int[]> buckets, int height, int width)
    {
        double ratio = (double)height / width;
        // The reference compares ratios rounded to two digits. Without the rounding, pictures near a boundary would get another shape.
        int[] nearest = buckets.MinBy(bucket => Math.Abs(Math.Round((double)bucket[0] / bucket[1], 2) - ratio))!;
        return (nearest[0], nearest[1]);
    }
}
