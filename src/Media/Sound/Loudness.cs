namespace Locutor.Media.Sound;

/// <summary>Integrated loudness of mono sound after ITU-R BS.1770-4, and gain to a wanted one.</summary>
public static class Loudness
{
    /// <summary>Where speech is set before the networks hear it, in LUFS.</summary>
    public const double Speech = -23;

    private const double BlockSeconds = 0.4;
    private const double Step = 0.25; // of a block: 75 % overlap
    private const double AbsoluteGate = -70;
    private const double RelativeGate = -10;
    private const double Offset = -0.691;
    private const double Meaningless = 100;

    /// <summary>LUFS; negative infinity when there is nothing to measure: silence, or less than one block of 0.4 s.</summary>
    public static double Measure(Waveform waveform)
    {
        int rate = waveform.SampleRate;
        if (waveform.Samples.Length < BlockSeconds * rate) return double.NegativeInfinity;
        double[] power = BlockPowers(Weighted(waveform), rate);
        double[] loud = Gate(power, AbsoluteGate);
        if (loud.Length == 0) return double.NegativeInfinity;
        double relative = InLufs(loud.Average()) + RelativeGate;
        double[] speaking = Gate(loud, relative);
        return speaking.Length == 0 ? double.NegativeInfinity : InLufs(speaking.Average());
    }

    /// <summary>The same sound at <paramref name="target"/> LUFS; left alone when its own loudness is beyond +-100 or not a number.</summary>
    public static Waveform Normalise(Waveform waveform, double target = Speech)
    {
        double loudness = Measure(waveform);
        if (!(Math.Abs(loudness) <= Meaningless)) return waveform;
        double gain = Math.Pow(10, (target - loudness) / 20);
        return new Waveform(waveform.SampleRate, Array.ConvertAll(waveform.Samples, s => (float)(s * gain)));
    }

    private static double InLufs(double power) => Offset + 10 * Math.Log10(power);

    private static double[] Gate(double[] power, double threshold) => Array.FindAll(power, p => InLufs(p) > threshold);

    /// <summary>Mean square of each block; the last block may be cut short by rounding, and still counts as a whole one, as in pyloudnorm.</summary>
    private static double[] BlockPowers(double[] weighted, int rate)
    {
        double seconds = (double)weighted.Length / rate;
        int count = (int)Math.Round((seconds - BlockSeconds) / (BlockSeconds * Step)) + 1;
        double[] power = new double[count];
        for (int i = 0; i < count; i++)
        {
            int start = (int)(BlockSeconds * (i * Step) * rate), end = Math.Min(weighted.Length, (int)(BlockSeconds * (i * Step + 1) * rate));
            double sum = 0;
            for (int n = start; n < end; n++) sum += weighted[n] * weighted[n];
            power[i] = sum / (BlockSeconds * rate);
        }
        return power;
    }

    private static double[] Weighted(Waveform waveform)
    {
        double[] samples = Array.ConvertAll(waveform.Samples, s => (double)s);
        BiquadFilter.HighShelf(waveform.SampleRate, gain: 4, q: 1 / Math.Sqrt(2), frequency: 1500).Apply(samples);
        BiquadFilter.HighPass(waveform.SampleRate, q: 0.5, frequency: 38).Apply(samples);
        return samples;
    }
}
