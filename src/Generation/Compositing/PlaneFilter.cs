using System.Numerics;

namespace Locutor.Generation.Compositing;

/// <summary>Combines a value and its two neighbours along one axis.</summary>
internal interface INeighbourhood
{
    static abstract Vector<float> Combine(Vector<float> before, Vector<float> here, Vector<float> after);
}

/// <summary>The maximum of the three values.</summary>
internal readonly struct Largest : INeighbourhood
{
    public static Vector<float> Combine(Vector<float> before, Vector<float> here, Vector<float> after) =>
        Vector.Max(Vector.Max(before, here), after);
}

/// <summary>The mean with the weights 1/4, 1/2, 1/4.</summary>
internal readonly struct Binomial : INeighbourhood
{
    public static Vector<float> Combine(Vector<float> before, Vector<float> here, Vector<float> after) =>
        (before + after) * 0.25f + here * 0.5f;
}

/// <summary>Applies separable 3 x 3 filters to a plane in place; pixels outside repeat the edge.</summary>
internal sealed class PlaneFilter(int height, int width)
{
    private readonly float[] padded = new float[width + 2]; // one row with its ends repeated
    private readonly float[] columns = new float[height * width];

    public void Apply<T>(float[] values)
        where T : INeighbourhood
    {
        for (int y = 0; y < height; y++) AlongRow<T>(values.AsSpan(y * width, width), columns.AsSpan(y * width, width));
        for (int y = 0; y < height; y++)
        {
            var before = columns.AsSpan(Math.Max(0, y - 1) * width, width);
            var after = columns.AsSpan(Math.Min(height - 1, y + 1) * width, width);
            Combine<T>(before, columns.AsSpan(y * width, width), after, values.AsSpan(y * width, width));
        }
    }

    private void AlongRow<T>(ReadOnlySpan<float> row, Span<float> filtered)
        where T : INeighbourhood
    {
        row.CopyTo(padded.AsSpan(1));
        (padded[0], padded[width + 1]) = (row[0], row[^1]);
        Combine<T>(padded.AsSpan(0, width), padded.AsSpan(1, width), padded.AsSpan(2, width), filtered);
    }

    private static void Combine<T>(ReadOnlySpan<float> before, ReadOnlySpan<float> here, ReadOnlySpan<float> after, Span<float> combined)
        where T : INeighbourhood
    {
        int i = 0;
        for (; i <= combined.Length - Vector<float>.Count; i += Vector<float>.Count)
            T.Combine(new Vector<float>(before[i..]), new Vector<float>(here[i..]), new Vector<float>(after[i..])).CopyTo(combined[i..]);
        for (; i < combined.Length; i++)
            combined[i] = T.Combine(new Vector<float>(before[i]), new Vector<float>(here[i]), new Vector<float>(after[i]))[0];
    }
}
