namespace Locutor.Media.Pictures;

/// <summary>
/// The source samples and fixed-point weights of each output sample along one axis. The filter is a triangle, widened by the shrink factor,
/// as in Pillow's Resample.c (precompute_coeffs, normalize_coeffs_8bpc).
/// </summary>
internal sealed class ResizeWeights
{
    /// <summary>Number of fractional bits: 32 minus 8 for the sample, minus 2 for sign and rounding.</summary>
    public const int Precision = 32 - 8 - 2;

    private readonly int[] weights;
    private readonly int taps;

    /// <summary>Computes the weights of an axis.</summary>
    /// <param name="source">Length of the source axis.</param>
    /// <param name="resized">Length after resizing.</param>
    /// <param name="first">First output sample to compute.</param>
    /// <param name="count">Number of output samples to compute.</param>
    public ResizeWeights(int source, int resized, int first, int count)
    {
        double scale = (double)source / resized, support = Math.Max(scale, 1), shrink = 1 / support;
        taps = (int)Math.Ceiling(support) * 2 + 1;
        weights = new int[count * taps];
        Starts = new int[count];
        Lengths = new int[count];
        double[] exact = new double[taps];
        for (int i = 0; i < count; i++)
        {
            double centre = (first + i + 0.5) * scale;
            int start = Math.Max(0, (int)(centre - support + 0.5));
            int length = Math.Min(source, (int)(centre + support + 0.5)) - start;
            double sum = 0;
            for (int t = 0; t < length; t++)
            {
                exact[t] = Math.Max(0, 1 - Math.Abs((t + start - centre + 0.5) * shrink));
                sum += exact[t];
            }
            for (int t = 0; t < length; t++) weights[i * taps + t] = (int)(0.5 + exact[t] / sum * (1 << Precision));
            Starts[i] = start;
            Lengths[i] = length;
        }
    }

    /// <summary>Index of the first source sample, for each output sample.</summary>
    public int[] Starts { get; }

    /// <summary>Number of source samples, at least 1, for each output sample.</summary>
    public int[] Lengths { get; }

    public ReadOnlySpan<int> Of(int output) => weights.AsSpan(output * taps, Lengths[output]);
}
