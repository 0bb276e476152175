using System.Runtime.CompilerServices;
using Locutor.Generation.Pictures;
using Locutor.Models;

namespace Locutor.Generation.Compositing;

/// <summary>
/// Soft weights per pixel for the difference between a generated frame and its reference. The weights are dilated before they are smoothed:
/// a changed part is covered completely, and the soft edge lies outside it, so that neither a seam nor a double contour is visible.
/// </summary>
internal sealed class ChangeMask(int height, int width, CompositionOptions options)
{
    private const float Least = 1f / 512; // a weight below this changes no byte
    private readonly float[] difference = new float[height * width];
    private readonly PlaneFilter filter = new(height, width);

    /// <summary>Weight with which the difference is added to the target, 0 to 1.</summary>
    public float[] Added { get; } = new float[height * width];

    /// <summary>Weight with which the generated frame replaces the target, 0 to 1; never greater than <see cref="Added"/>.</summary>
    public float[] Replaced { get; } = new float[height * width];

    /// <summary>Computes both weights from the difference between two frames.</summary>
    /// <param name="drawn">The generated frame, rows of R, G, B.</param>
    /// <param name="reference">The reference frame, rows of R, G, B.</param>
    /// <returns>The smallest region that contains all weights that change a byte.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // rarely called, but with a loop over all pixels
    public PixelRegion Compute(ReadOnlySpan<byte> drawn, ReadOnlySpan<byte> reference)
    {
        for (int pixel = 0, i = 0; pixel < difference.Length; pixel++, i += 3)
        {
            difference[pixel] = Math.Max(
                Math.Abs(drawn[i] - reference[i]),
                Math.Max(Math.Abs(drawn[i + 1] - reference[i + 1]), Math.Abs(drawn[i + 2] - reference[i + 2])));
        }

        filter.Apply<Binomial>(difference);
        Weigh((float)options.AddedFrom, Added);
        Weigh((float)options.ReplacedFrom, Replaced);
        for (int i = 0; i < Added.Length; i++) Added[i] = Math.Max(Added[i], Replaced[i]);
        return Bounds();
    }

    /// <summary>Returns whether a box, or a pixel at most so far from it, has a weight above 0.</summary>
    public bool HasWeight(PixelRegion box, int reach)
    {
        int left = Math.Max(0, box.Left - reach), columns = Math.Min(width, box.Right + reach) - left;
        for (int y = Math.Max(0, box.Top - reach); y < Math.Min(height, box.Bottom + reach); y++)
            if (Added.AsSpan(y * width + left, columns).ContainsAnyExcept(0)) return true;
        return false;
    }

    /// <summary>
    /// Converts differences to weights: 0 up to the threshold, 1 from twice the threshold, smooth in between. The result is dilated by one
    /// pixel and smoothed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Weigh(float threshold, float[] weights)
    {
        for (int i = 0; i < weights.Length; i++)
        {
            float t = Math.Clamp(difference[i] / threshold - 1, 0, 1);
            weights[i] = t * t * (3 - 2 * t);
        }
        filter.Apply<Largest>(weights);
        filter.Apply<Binomial>(weights);
        filter.Apply<Binomial>(weights);
    }

    private PixelRegion Bounds()
    {
        int top = height, left = width, bottom = 0, right = 0;
        for (int y = 0; y < height; y++)
        {
            var row = Added.AsSpan(y * width, width);
            int first = row.IndexOfAnyInRange(Least, 1), last = row.LastIndexOfAnyInRange(Least, 1);
            if (first < 0) continue;
            (top, bottom) = (Math.Min(top, y), y + 1);
            (left, right) = (Math.Min(left, first), Math.Max(right, last + 1));
        }
        return new PixelRegion(top, left, bottom, right);
    }
}
