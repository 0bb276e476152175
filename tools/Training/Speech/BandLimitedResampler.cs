namespace Locutor.Training.Speech;

/// <summary>
/// Resamples sound with a Hann-windowed sinc filter of 32 zero crossings. The cutoff is the lower of the two Nyquist frequencies.
/// </summary>
public static class BandLimitedResampler
{
    private const int Crossings = 16;

    public static float[] Resample(ReadOnlySpan<float> input, int from, int to)
    {
        double ratio = (double)from / to, cutoff = Math.Min(1, 1 / ratio), reach = Crossings / cutoff;
        float[] output = new float[(int)((long)input.Length * to / from)];
        for (int i = 0; i < output.Length; i++)
        {
            double centre = i * ratio;
            int first = Math.Max(0, (int)Math.Ceiling(centre - reach)), last = Math.Min(input.Length - 1, (int)(centre + reach));
            double sum = 0;
            for (int j = first; j <= last; j++)
            {
                double x = (j - centre) * cutoff;
                double sinc = Math.Abs(x) < 1e-9 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
                sum += input[j] * sinc * (0.5 + 0.5 * Math.Cos(Math.PI * x / Crossings)) * cutoff;
            }
            output[i] = (float)sum;
        }
        return output;
    }
}
