using System.Numerics;

namespace Locutor.Training.Speech;

/// <summary>
/// Resamples sound with a Hann-windowed sinc filter of 32 zero crossings. The cutoff is the lower of the two Nyquist frequencies.
/// </summary>
public static class BandLimitedResampler
{
    private const int Crossings = 16;

    public static float[] Resample(ReadOnlySpan<float> input, int from, int to)
    {
        int divisor = (int)BigInteger.GreatestCommonDivisor(from, to), step = from / divisor, phases = to / divisor;
        float[] output = new float[(int)((long)input.Length * phases / step)];
        // The place of an output sample between two input samples, and with it the filter, repeats after this many samples.
        var filters = new Filter?[phases];
        for (int i = 0; i < output.Length; i++)
        {
            int phase = i % phases;
            var filter = filters[phase] ??= Filter.Create((double)phase * step / phases, Math.Min(1, (double)to / from));
            int first = i / phases * step + filter.First, skipped = Math.Max(0, -first);
            int count = Math.Min(filter.Weights.Length, input.Length - first);
            double sum = 0;
            for (int j = skipped; j < count; j++) sum += input[first + j] * filter.Weights[j];
            output[i] = (float)sum;
        }
        return output;
    }

    /// <summary>The weights of successive input samples, the first of which has the number <see cref="First"/>.</summary>
    private sealed record Filter(int First, double[] Weights)
    {
        public static Filter Create(double centre, double cutoff)
        {
            double reach = Crossings / cutoff;
            int first = (int)Math.Ceiling(centre - reach), last = (int)Math.Floor(centre + reach);
            return new(first, [.. Enumerable.Range(first, last - first + 1).Select(number => Weight((number - centre) * cutoff) * cutoff)]);
        }

        private static double Weight(double x)
        {
            double sinc = Math.Abs(x) < 1e-9 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
            return sinc * (0.5 + 0.5 * Math.Cos(Math.PI * x / Crossings));
        }
    }
}
