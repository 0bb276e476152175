namespace Locutor.Training.Evaluation;

/// <summary>Statistics of two series of numbers.</summary>
public static class Statistics
{
    /// <summary>Computes Pearson's correlation; returns 0 when one of the series is constant.</summary>
    public static double Correlation(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        int n = Math.Min(a.Length, b.Length);
        double meanA = 0, meanB = 0, ab = 0, aa = 0, bb = 0;
        for (int i = 0; i < n; i++)
        {
            meanA += a[i] / n;
            meanB += b[i] / n;
        }
        for (int i = 0; i < n; i++)
        {
            ab += (a[i] - meanA) * (b[i] - meanB);
            aa += (a[i] - meanA) * (a[i] - meanA);
            bb += (b[i] - meanB) * (b[i] - meanB);
        }
        return aa * bb > 1e-18 ? ab / Math.Sqrt(aa * bb) : 0;
    }

    /// <summary>Finds the shift at which two series correlate best.</summary>
    /// <param name="farthest">The largest shift to try, in samples.</param>
    /// <returns>The correlation at that shift, and the delay of <paramref name="made"/> in samples.</returns>
    public static (double Correlation, int Lag) BestLag(double[] made, double[] truth, int farthest)
    {
        var best = (Correlation: double.NegativeInfinity, Lag: 0);
        for (int lag = -farthest; lag <= farthest; lag++)
        {
            int n = Math.Min(made.Length, truth.Length) - Math.Abs(lag);
            if (n < 2) continue;
            double c = Correlation(made.AsSpan(Math.Max(0, lag), n), truth.AsSpan(Math.Max(0, -lag), n));
            if (c > best.Correlation + 1e-12) best = (c, lag);
        }
        return best;
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : sorted[sorted.Length / 2];
    }
}
