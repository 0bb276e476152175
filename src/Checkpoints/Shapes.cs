namespace Locutor.Checkpoints;

internal static class Shapes
{
    /// <summary>libtorch takes up to 64 axes; no network has more than 6.</summary>
    public const int MostAxes = 16;

    public static string Text(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>Product of the lengths times <paramref name="size"/>; null when a length is negative or the product passes 2^62.</summary>
    public static long? ByteLength(ReadOnlySpan<long> shape, int size)
    {
        Int128 product = size;
        bool empty = false;
        foreach (long n in shape)
        {
            if (n < 0) return null;
            if (n == 0) { empty = true; continue; }
            product *= n;
            if (product > 1L << 62) return null;
        }
        return empty ? 0 : (long)product;
    }
}
