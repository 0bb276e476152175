using System.Numerics;
using System.Runtime.Intrinsics;
using Locutor.Generation.Pictures;

namespace Locutor.Generation.Compositing;

/// <summary>
/// Upsamples a region of a plane with cubic interpolation: first along the rows, then, for each target row, along the columns in vectors.
/// </summary>
internal sealed class PlaneUpsampler(UpsampleWeights weights)
{
    private const int Reach = 4; // number of source rows around a region that its target rows depend on
    private readonly int drawnLength = 3 * weights.Columns.Drawn;
    private readonly float[] widened = new float[weights.Rows.Drawn * 3 * weights.Columns.Target];
    private PixelRegion covered;
    private int firstRow, rowCount, length;

    /// <summary>Interpolates a region along its rows.</summary>
    /// <param name="plane">Rows of R, G, B of the small frame.</param>
    /// <param name="region">Region of the small frame.</param>
    /// <returns>The region of the target that depends on it; <see cref="Row"/> returns its rows.</returns>
    public PixelRegion Load(float[] plane, PixelRegion region)
    {
        var ((top, bottom), (left, right)) = (
            weights.Rows.Cover(region.Top, region.Bottom), weights.Columns.Cover(region.Left, region.Right));
        covered = new PixelRegion(top, left, bottom, right);
        firstRow = Math.Max(0, region.Top - Reach);
        rowCount = Math.Min(weights.Rows.Drawn, region.Bottom + Reach) - firstRow;
        length = 3 * (right - left);
        for (int row = 0; row < rowCount; row++)
            WidenRow(plane.AsSpan((firstRow + row) * drawnLength, drawnLength), widened.AsSpan(row * length, length));
        return covered;
    }

    /// <summary>Interpolates one target row along the columns.</summary>
    /// <param name="y">Row of the target, inside the region that <see cref="Load"/> returned.</param>
    /// <param name="into">Receives the columns of that region, R, G, B.</param>
    public void Row(int y, Span<float> into)
    {
        var factors = weights.Rows.Weights.AsSpan(y * UpsampleWeights.Taps, UpsampleWeights.Taps);
        int first = weights.Rows.First[y];
        ReadOnlySpan<float> a = Widened(first), b = Widened(first + 1), c = Widened(first + 2), d = Widened(first + 3);
        float p = factors[0], q = factors[1], r = factors[2], s = factors[3];
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (new Vector<float>(a[i..]) * p + new Vector<float>(b[i..]) * q + new Vector<float>(c[i..]) * r + new Vector<float>(d[i..]) * s)
                .CopyTo(into[i..]);
        }

        for (; i < length; i++) into[i] = a[i] * p + b[i] * q + c[i] * r + d[i] * s;
    }

    private ReadOnlySpan<float> Widened(int row)
    {
        int inside = Math.Clamp(Math.Clamp(row, 0, weights.Rows.Drawn - 1) - firstRow, 0, rowCount - 1);
        return widened.AsSpan(inside * length, length);
    }

    private void WidenRow(ReadOnlySpan<float> row, Span<float> wide)
    {
        var columns = weights.Columns;
        for (int x = covered.Left, to = 0; x < covered.Right; x++, to += 3)
        {
            var factors = columns.Weights.AsSpan(x * UpsampleWeights.Taps, UpsampleWeights.Taps);
            int first = columns.First[x];
            // A vector is a pixel and the first value of the next one.
            if (first >= 0 && first + UpsampleWeights.Taps < columns.Drawn && x + 1 < covered.Right)
            {
                var sum = Vector128<float>.Zero;
                for (int tap = 0; tap < UpsampleWeights.Taps; tap++)
                    sum += Vector128.Create<float>(row[(3 * (first + tap))..]) * factors[tap];
                sum.CopyTo(wide[to..]);
                continue;
            }
            wide.Slice(to, 3).Clear();
            for (int tap = 0; tap < UpsampleWeights.Taps; tap++)
            {
                int at = 3 * Math.Clamp(first + tap, 0, columns.Drawn - 1);
                wide[to] += factors[tap] * row[at];
                wide[to + 1] += factors[tap] * row[at + 1];
                wide[to + 2] += factors[tap] * row[at + 2];
            }
        }
    }
}
