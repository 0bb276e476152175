namespace Locutor.Media.Sound;

/// <summary>Measures the integrated loudness of mono audio (ITU-R BS.1770-4) and normalises it.</summary>
public static class Loudness
{
    /// <summary>Loudness to which speech is normalised for the speech encoder, in LUFS.</summary>
    public const double Speech = -23;

    private const double Meaningless = 100;
    private const int Piece = 1 << 16;

    /// <summary>Measures the loudness in LUFS; negative infinity for silence and for audio shorter than one block of 0.4 s.</summary>
    public static double Measure(Waveform waveform)
    {
        var meter = new LoudnessMeter(waveform.SampleRate, waveform.Samples.Length);
        meter.Add(waveform.Samples);
        return meter.Loudness();
    }

    /// <inheritdoc cref="Measure(Waveform)"/>
    public static double Measure(StoredSound sound)
    {
        var meter = new LoudnessMeter(sound.SampleRate, sound.Samples);
        float[] piece = new float[Piece];
        for (long start = 0; start < sound.Samples; start += Piece)
        {
            var samples = piece.AsSpan(0, (int)Math.Min(Piece, sound.Samples - start));
            sound.Read(start, samples);
            meter.Add(samples);
        }

        return meter.Loudness();
    }

    /// <summary>Scales audio to <paramref name="target"/> LUFS. It is unchanged if its loudness is beyond +-100 or not a number.</summary>
    public static Waveform Normalise(Waveform waveform, double target = Speech)
    {
        double gain = Gain(Measure(waveform), target);
        return gain == 1 ? waveform : new Waveform(waveform.SampleRate, Array.ConvertAll(waveform.Samples, s => (float)(s * gain)));
    }

    /// <summary>Returns the gain from one loudness to another; 1 if the loudness is beyond +-100 or not a number.</summary>
    public static double Gain(double loudness, double target = Speech) =>
        Math.Abs(loudness) <= Meaningless ? Math.Pow(10, (target - loudness) / 20) : 1;
}
