namespace Locutor.Training.Speech;

/// <summary>
/// The motion of a mouth that speaks phonemes, with 100 shapes per second. The targets of the phonemes are averaged over a window of
/// about 90 ms, weighted by their dominance. Closed lips are applied afterwards, so that they are reached exactly. Louder speech opens
/// the jaw wider.
/// </summary>
public sealed class MouthTrack
{
    /// <summary>The number of shapes per second.</summary>
    public const int Rate = 100;

    private const int SampleRate = SpeechCorpus.SampleRate, Hop = SampleRate / Rate, ShortestClosure = 8;
    private readonly MouthPose[] shapes;

    private MouthTrack(MouthPose[] shapes) => this.shapes = shapes;

    public int Length => shapes.Length;

    /// <summary>Returns the shape at a time; outside the track it is the shape at rest.</summary>
    public MouthPose At(double seconds)
    {
        double position = seconds * Rate;
        int i = (int)Math.Floor(position);
        return i < -1 || i >= shapes.Length ? default : MouthPose.Lerp(Get(i), Get(i + 1), (float)(position - i));
    }

    /// <summary>Computes the motion of the mouth for an utterance.</summary>
    /// <param name="phonemes">The phonemes in order, with their starts in samples at 16 kHz.</param>
    /// <param name="samples">The utterance at 16 kHz; its loudness opens the jaw.</param>
    public static MouthTrack From(IReadOnlyList<SpokenPhoneme> phonemes, ReadOnlySpan<float> samples)
    {
        int length = samples.Length / Hop + 1;
        float[] jawWeight = new float[length], lipWeight = new float[length], press = new float[length];
        float[][] targets = [.. Enumerable.Range(0, MouthPose.Size).Select(_ => new float[length])];
        Array.Fill(jawWeight, Viseme.Rest.Jaw);
        Array.Fill(lipWeight, Viseme.Rest.Lips);
        for (int i = 0; i < phonemes.Count; i++)
        {
            int start = phonemes[i].Start, end = i + 1 < phonemes.Count ? phonemes[i + 1].Start : samples.Length;
            double from = start;
            foreach (var (viseme, share) in Viseme.From(phonemes[i].Name))
            {
                double to = from + (end - start) * share;
                Lay(viseme, (int)Math.Round(from / Hop), (int)Math.Round(to / Hop));
                from = to;
            }
        }
        return new MouthTrack(Blend(targets, jawWeight, lipWeight, press, Loudness(samples, length)));

        void Lay(Viseme viseme, int first, int end)
        {
            Span<float> values = stackalloc float[MouthPose.Size];
            viseme.Shape.Write(values);
            for (int t = Math.Max(0, first); t < Math.Min(length, end); t++)
            {
                jawWeight[t] = viseme.Jaw;
                lipWeight[t] = viseme.Lips;
                for (int c = 0; c < values.Length; c++) targets[c][t] = values[c];
            }
            if (!Viseme.Closes(viseme)) return;
            int spare = Math.Max(0, ShortestClosure - (end - first));
            for (int t = Math.Max(0, first - spare / 2); t < Math.Min(length, end + spare - spare / 2); t++) press[t] = 1;
        }
    }

    private MouthPose Get(int i) => i < 0 || i >= shapes.Length ? default : shapes[i];

    private static MouthPose[] Blend(float[][] targets, float[] jawWeight, float[] lipWeight, float[] press, float[] loudness)
    {
        float[] jaw = Weighted(targets[0], jawWeight, 3.6), width = Weighted(targets[1], lipWeight, 4.5),
            round = Weighted(targets[2], lipWeight, 4.5);
        float[] teeth = Weighted(targets[4], jawWeight, 3), tongue = Weighted(targets[5], jawWeight, 3), closed = Smooth(press, 2.2);
        var shapes = new MouthPose[jaw.Length];
        for (int t = 0; t < shapes.Length; t++)
        {
            float shut = Math.Clamp(1.5f * closed[t] - 0.1f, 0, 1);
            float open = jaw[t] * (0.4f + 0.6f * loudness[t]);
            shapes[t] = new MouthPose(
                open * (1 - 0.75f * shut), width[t], round[t] * (1 - 0.3f * shut), shut, teeth[t] * (1 - shut), tongue[t]);
        }
        return shapes;
    }

    /// <summary>
    /// Computes the loudness, smoothed over about 100 ms: 0 for silence, 1 for a usual vowel of this utterance, at most 1.25.
    /// </summary>
    private static float[] Loudness(ReadOnlySpan<float> samples, int length)
    {
        float[] power = new float[length];
        for (int t = 0; t < length; t++)
        {
            var hop = samples[Math.Min(samples.Length, t * Hop)..Math.Min(samples.Length, (t + 1) * Hop)];
            float sum = 0;
            foreach (float s in hop) sum += s * s;
            power[t] = hop.Length == 0 ? 0 : sum / hop.Length;
        }
        power = Smooth(power, 4);
        float[] sorted = [.. power];
        Array.Sort(sorted);
        float usual = MathF.Max(1e-9f, sorted[(int)(0.85 * (length - 1))]);
        for (int t = 0; t < length; t++) power[t] = MathF.Min(1.25f, MathF.Pow(power[t] / usual, 0.3f));
        return power;
    }

    private static float[] Weighted(float[] values, float[] weights, double sigma)
    {
        float[] products = [.. values.Zip(weights, (v, w) => v * w)];
        float[] above = Smooth(products, sigma), below = Smooth(weights, sigma);
        for (int t = 0; t < above.Length; t++) above[t] /= Math.Max(1e-4f, below[t]);
        return above;
    }

    private static float[] Smooth(float[] values, double sigma)
    {
        int reach = (int)Math.Ceiling(3 * sigma);
        float[] kernel = [.. Enumerable.Range(-reach, 2 * reach + 1).Select(i => (float)Math.Exp(-0.5 * i * i / (sigma * sigma)))];
        float total = kernel.Sum();
        float[] smooth = new float[values.Length];
        for (int t = 0; t < values.Length; t++)
        {
            float sum = 0;
            for (int k = -reach; k <= reach; k++) sum += kernel[k + reach] * values[Math.Clamp(t + k, 0, values.Length - 1)];
            smooth[t] = sum / total;
        }
        return smooth;
    }
}
