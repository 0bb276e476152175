using Locutor.Media.Sound;

namespace Locutor.Media.Captions;

/// <summary>The parts of a sound in which somebody speaks, found by level.</summary>
/// <param name="Spoken">Start and end of each part in seconds, in order.</param>
public sealed record SpeechActivity(IReadOnlyList<(double Start, double End)> Spoken)
{
    private const double FrameSeconds = 0.01;
    private const double LeastGap = 0.12, LeastPart = 0.04;

    /// <summary>Length of the sound in seconds: captions do not last longer.</summary>
    public double Seconds { get; init; } = double.PositiveInfinity;

    // A frame is speech if its level is less than 30 dB below the loud frames, and above the noise of a quiet recording.
    private const double BelowLoud = 30, NoiseFloor = -60, LoudShare = 0.95;

    /// <summary>Measures sounds that are played together.</summary>
    /// <param name="sounds">Sounds of one sample rate and one length, at least one.</param>
    public static SpeechActivity Measure(IReadOnlyList<StoredSound> sounds)
    {
        int rate = sounds[0].SampleRate, frame = FrameOf(rate);
        double[] levels = new double[sounds[0].Samples / frame];
        Array.Fill(levels, double.MinValue);
        float[] samples = new float[frame];
        foreach (var sound in sounds)
        {
            for (int i = 0; i < levels.Length; i++)
            {
                sound.Read((long)i * frame, samples);
                levels[i] = Math.Max(levels[i], Level(samples));
            }
        }
        return FromLevels(levels, (double)frame / rate) with { Seconds = sounds[0].Seconds };
    }

    /// <summary>Measures a sound in memory.</summary>
    public static SpeechActivity Measure(Waveform sound)
    {
        int frame = FrameOf(sound.SampleRate);
        double[] levels = new double[sound.Samples.Length / frame];
        for (int i = 0; i < levels.Length; i++) levels[i] = Level(sound.Samples.AsSpan(i * frame, frame));
        return FromLevels(levels, (double)frame / sound.SampleRate) with { Seconds = (double)sound.Samples.Length / sound.SampleRate };
    }

    private static int FrameOf(int rate) => Math.Max(1, (int)(rate * FrameSeconds));

    private static double Level(ReadOnlySpan<float> samples)
    {
        double sum = 0;
        foreach (float sample in samples) sum += (double)sample * sample;
        return 10 * Math.Log10(sum / samples.Length + 1e-12);
    }

    private static SpeechActivity FromLevels(double[] levels, double frameSeconds)
    {
        if (levels.Length == 0) return new([]);
        double loud = levels.Order().ElementAt((int)(LoudShare * (levels.Length - 1)));
        double threshold = Math.Max(loud - BelowLoud, NoiseFloor);
        var parts = new List<(double Start, double End)>();
        for (int i = 0; i < levels.Length; i++)
        {
            if (levels[i] < threshold) continue;
            double start = i * frameSeconds, end = start + frameSeconds;
            if (parts.Count > 0 && start - parts[^1].End < LeastGap) parts[^1] = (parts[^1].Start, end);
            else parts.Add((start, end));
        }
        parts.RemoveAll(part => part.End - part.Start < LeastPart);
        return new(parts);
    }
}
