namespace Locutor.Checkpoints;

internal static class Shapes
{
    /// <summary>Largest accepted number of axes. libtorch allows 64; no supported network needs more than 6.</summary>
    public const int MostAxes = 16;

    public static string Text(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>
    /// Returns the product of all axes times <paramref name="size"/>, or null if an axis is negative or the product exceeds 2^62.
    /// </summary>
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
