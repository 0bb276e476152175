namespace Locutor.Media.Sound;

/// <summary>
/// A second-order filter b / a with a0 = 1. The coefficients follow R. Bristow-Johnson's "Audio EQ Cookbook",
/// https://www.w3.org/TR/audio-eq-cookbook/, which gives the K-weighting of BS.1770 at any sample rate.
/// </summary>
internal readonly record struct BiquadFilter(double B0, double B1, double B2, double A1, double A2)
{
    /// <summary>Creates a high-shelf filter.</summary>
    /// <param name="sampleRate">Sample rate in Hz.</param>
    /// <param name="gain">Gain above the corner frequency in dB.</param>
    /// <param name="q">Quality factor, which sets the steepness.</param>
    /// <param name="frequency">Corner frequency in Hz.</param>
    public static BiquadFilter HighShelf(int sampleRate, double gain, double q, double frequency)
    {
        var (cos, alpha) = Angle(sampleRate, q, frequency);
        double a = Math.Pow(10, gain / 40), slope = 2 * Math.Sqrt(a) * alpha, a0 = a + 1 - (a - 1) * cos + slope;
        return new BiquadFilter(
            a * (a + 1 + (a - 1) * cos + slope) / a0,
            -2 * a * (a - 1 + (a + 1) * cos) / a0,
            a * (a + 1 + (a - 1) * cos - slope) / a0,
            2 * (a - 1 - (a + 1) * cos) / a0,
            (a + 1 - (a - 1) * cos - slope) / a0);
    }

    /// <inheritdoc cref="HighShelf"/>
    public static BiquadFilter HighPass(int sampleRate, double q, double frequency)
    {
        var (cos, alpha) = Angle(sampleRate, q, frequency);
        double a0 = 1 + alpha;
        return new BiquadFilter((1 + cos) / 2 / a0, -(1 + cos) / a0, (1 + cos) / 2 / a0, -2 * cos / a0, (1 - alpha) / a0);
    }

    /// <summary>Filters one sample.</summary>
    /// <param name="x">The sample.</param>
    /// <param name="state">State of the filter; <c>default</c> before the first sample.</param>
    public double Next(double x, ref State state)
    {
        double y = B0 * x + state.First; // transposed direct form II
        state = new State(B1 * x - A1 * y + state.Second, B2 * x - A2 * y);
        return y;
    }

    /// <summary>State of a filter between two samples.</summary>
    internal readonly record struct State(double First, double Second);

    private static (double Cos, double Alpha) Angle(int sampleRate, double q, double frequency)
    {
        double w = 2 * Math.PI * frequency / sampleRate;
        return (Math.Cos(w), Math.Sin(w) / (2 * q));
    }
}
