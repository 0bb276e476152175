namespace Locutor.Media.Sound;

/// <summary>Measures the integrated loudness (ITU-R BS.1770-4) of mono audio that arrives in pieces.</summary>
/// <param name="sampleRate">Sample rate in Hz.</param>
/// <param name="length">Total number of samples.</param>
internal sealed class LoudnessMeter(int sampleRate, long length)
{
    private const double BlockSeconds = 0.4;
    private const double Step = 0.25; // hop as a part of a block: 75 % overlap
    private const double AbsoluteGate = -70;
    private const double RelativeGate = -10;
    private const double Offset = -0.691;

    private readonly BiquadFilter shelf = BiquadFilter.HighShelf(sampleRate, gain: 4, q: 1 / Math.Sqrt(2), frequency: 1500);
    private readonly BiquadFilter highPass = BiquadFilter.HighPass(sampleRate, q: 0.5, frequency: 38);
    private readonly double[] power = length < BlockSeconds * sampleRate
        ? []
        : new double[(int)Math.Round(((double)length / sampleRate - BlockSeconds) / (BlockSeconds * Step)) + 1];
    private BiquadFilter.State shelved, passed;
    private long position;
    private int oldest; // first block that has not ended

    public void Add(ReadOnlySpan<float> samples)
    {
        foreach (float sample in samples)
        {
            double weighted = highPass.Next(shelf.Next(sample, ref shelved), ref passed);
            while (oldest < power.Length && End(oldest) <= position) oldest++;
            for (int block = oldest; block < power.Length && Start(block) <= position; block++) power[block] += weighted * weighted;
            position++;
        }
    }

    /// <summary>Returns the loudness in LUFS; negative infinity for silence and for audio shorter than one block of 0.4 s.</summary>
    public double Loudness()
    {
        double[] means = Array.ConvertAll(power, sum => sum / (BlockSeconds * sampleRate));
        double[] loud = Gate(means, AbsoluteGate);
        if (loud.Length == 0) return double.NegativeInfinity;
        double relative = InLufs(loud.Average()) + RelativeGate;
        double[] speaking = Gate(loud, relative);
        return speaking.Length == 0 ? double.NegativeInfinity : InLufs(speaking.Average());
    }

    /// <summary>
    /// Returns the first sample of a block. Rounding may shorten the last block, which still counts as a whole one, as in pyloudnorm.
    /// </summary>
    private long Start(int block) => (long)(BlockSeconds * (block * Step) * sampleRate);

    private long End(int block) => Math.Min(length, (long)(BlockSeconds * (block * Step + 1) * sampleRate));

    private static double InLufs(double power) => Offset + 10 * Math.Log10(power);

    private static double[] Gate(double[] power, double threshold) => Array.FindAll(power, p => InLufs(p) > threshold);
}
