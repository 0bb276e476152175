namespace Locutor.Training.Speech;

/// <summary>Imitates the effect of a room, a microphone and other sources on speech: equalisation, echoes, noise and level.</summary>
public static class RoomSound
{
    /// <summary>Applies random effects to samples in place. A third of the calls apply none.</summary>
    public static void Apply(Span<float> samples, Random random)
    {
        if (random.Next(3) == 0) return;
        if (random.Next(2) == 0) Echo(samples, random);
        for (int i = random.Next(3); i > 0; i--) Peak(samples, 80 * Math.Pow(80, random.NextDouble()), random.NextDouble() * 16 - 8);
        if (random.Next(4) == 0) LowPass(samples, 2500 + 4500 * random.NextDouble());
        if (random.Next(3) != 0) AddNoise(samples, Level(samples) * (float)Math.Pow(10, -(0.5 + 1.8 * random.NextDouble())), random);
    }

    /// <summary>Normalises samples to zero mean and unit variance, as the speech encoder expects them.</summary>
    public static void Normalise(Span<float> samples)
    {
        double mean = 0, square = 0;
        foreach (float s in samples)
        {
            mean += s;
            square += (double)s * s;
        }
        mean /= samples.Length;
        float scale = (float)(1 / Math.Sqrt(Math.Max(0, square / samples.Length - mean * mean) + 1e-7));
        for (int i = 0; i < samples.Length; i++) samples[i] = (samples[i] - (float)mean) * scale;
    }

    /// <summary>Adds noise of a level, from white to brown, sometimes with mains hum.</summary>
    public static void AddNoise(Span<float> samples, float level, Random random)
    {
        float colour = (float)(0.97 * random.NextDouble()), held = 0, scale = level * MathF.Sqrt(12 * (1 - colour * colour));
        float hum = random.Next(4) == 0 ? level * random.NextSingle() * 2 : 0;
        double turn = 2 * Math.PI * (random.Next(2) == 0 ? 50 : 60) / SpeechCorpus.SampleRate;
        uint state = (uint)random.Next(1, int.MaxValue);
        for (int i = 0; i < samples.Length; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            held = colour * held + (state * 2.3283064e-10f - 0.5f);
            samples[i] += scale * held;
            if (hum > 0) samples[i] += hum * (float)Math.Sin(turn * i);
        }
    }

    private static float Level(ReadOnlySpan<float> samples)
    {
        double sum = 0;
        foreach (float s in samples) sum += (double)s * s;
        return (float)Math.Sqrt(sum / Math.Max(1, samples.Length));
    }

    /// <summary>Adds early reflections and a decaying tail as two dozen single echoes.</summary>
    private static void Echo(Span<float> samples, Random random)
    {
        float[] dry = samples.ToArray();
        double length = 0.02 + 0.18 * random.NextDouble(), wet = 0.5 * random.NextDouble();
        for (int echo = 0; echo < 24; echo++)
        {
            double at = length * random.NextDouble();
            float gain = (float)(wet * Math.Exp(-3 * at / length) * (random.NextDouble() * 2 - 1));
            int delay = 1 + (int)(at * SpeechCorpus.SampleRate);
            for (int i = delay; i < samples.Length; i++) samples[i] += gain * dry[i - delay];
        }
    }

    /// <summary>Applies a peaking filter that is one and a half octaves wide (R. Bristow-Johnson, "Audio EQ cookbook").</summary>
    private static void Peak(Span<float> samples, double frequency, double decibels)
    {
        double w = 2 * Math.PI * Math.Min(frequency, 7000) / SpeechCorpus.SampleRate, a = Math.Pow(10, decibels / 40),
            alpha = Math.Sin(w) / 1.8;
        double norm = 1 / (1 + alpha / a);
        Filter(
            samples, (1 + alpha * a) * norm, -2 * Math.Cos(w) * norm, (1 - alpha * a) * norm, -2 * Math.Cos(w) * norm,
            (1 - alpha / a) * norm);
    }

    private static void LowPass(Span<float> samples, double frequency)
    {
        double w = 2 * Math.PI * frequency / SpeechCorpus.SampleRate, alpha = Math.Sin(w) / 1.414, norm = 1 / (1 + alpha),
            c = (1 - Math.Cos(w)) * norm;
        Filter(samples, c / 2, c, c / 2, -2 * Math.Cos(w) * norm, (1 - alpha) * norm);
    }

    private static void Filter(Span<float> samples, double b0, double b1, double b2, double a1, double a2)
    {
        double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
        for (int i = 0; i < samples.Length; i++)
        {
            double x = samples[i], y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
            (x2, x1, y2, y1) = (x1, x, y1, y);
            samples[i] = (float)y;
        }
    }
}
