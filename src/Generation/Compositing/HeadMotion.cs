using Locutor.Media.Sound;

namespace Locutor.Generation.Compositing;

/// <summary>
/// Computes how a head moves while it speaks: it sways slowly, nods on stressed syllables and breathes. The motion depends on the seed, the
/// voice and the number of the frame only, so that a resumed video continues it. It starts at rest.
/// </summary>
public sealed class HeadMotion
{
    private const double FramesPerSecond = 25, EaseSeconds = 1.2, BreathHertz = 0.27;
    private const double LargestShiftX = 0.006, LargestShiftY = 0.0027, LargestRoll = 0.014, LargestTurn = 0.0095;
    private const double LargestNod = 0.0105, LargestBreath = 0.0035;
    private const float Quietest = 0.01f; // a level below which a voice counts as silent
    private static readonly double[] SwayHertz = [0.11, 0.23, 0.41];

    private readonly StoredSound? voice;
    private readonly double strength;
    private readonly double[] phases;
    private readonly float[] samples;
    private int next;
    private float peak, quick, slow, activity, nod, speed;

    /// <param name="voice">The voice of the person; null if it is not known ahead. The head does not nod then.</param>
    /// <param name="seed">The seed of the video.</param>
    /// <param name="strength">A factor on all motion; 1 is normal.</param>
    public HeadMotion(StoredSound? voice, long seed, double strength)
    {
        (this.voice, this.strength) = (voice, strength);
        var random = new Random((int)(seed ^ (seed >> 32)));
        phases = [.. Enumerable.Range(0, 4 * SwayHertz.Length).Select(_ => 2 * Math.PI * random.NextDouble())];
        samples = new float[voice is null ? 0 : (int)(voice.SampleRate / FramesPerSecond)];
        Restart();
    }

    /// <summary>Returns the pose in a frame. Frames are requested in order; an earlier one starts the computation again.</summary>
    internal HeadPose At(int frame)
    {
        if (frame < next - 1) Restart();
        while (next <= frame) Advance(Level(next++));
        double seconds = frame / FramesPerSecond, ease = Math.Min(1, seconds / EaseSeconds);
        double amount = strength * ease * ease * (3 - 2 * ease), lively = amount * (0.55 + 0.45 * activity);
        return new HeadPose(
            (float)(lively * LargestShiftX * Sway(0, seconds)),
            (float)(lively * LargestShiftY * Sway(1, seconds)),
            (float)(lively * LargestRoll * Sway(2, seconds)),
            (float)(lively * LargestTurn * Sway(3, seconds)),
            (float)(amount * LargestNod * nod),
            (float)(amount * LargestBreath * (1 - Math.Cos(2 * Math.PI * BreathHertz * seconds)) / 2));
    }

    private void Restart() => (next, peak, quick, slow, activity, nod, speed) = (0, Quietest, 0, 0, 0, 0, 0);

    /// <summary>Returns a smooth value from -1 to 1.</summary>
    private double Sway(int axis, double seconds)
    {
        double sum = 0;
        for (int i = 0; i < SwayHertz.Length; i++)
        {
            double cycles = SwayHertz[i] * (1 + 0.13 * axis) * seconds; // no two axes move together
            sum += Math.Sin(2 * Math.PI * cycles + phases[axis * SwayHertz.Length + i]) / (i + 1);
        }
        return sum / SwayHertz.Select((_, i) => 1.0 / (i + 1)).Sum();
    }

    /// <summary>Returns the root mean square of the voice in a frame; 0 after its end.</summary>
    private float Level(int frame)
    {
        long start = (long)frame * samples.Length;
        int count = (int)Math.Clamp((voice?.Samples ?? 0) - start, 0, samples.Length);
        if (voice is null || count == 0) return 0;
        voice.Read(start, samples.AsSpan(0, count));
        double sum = 0;
        foreach (float sample in samples.AsSpan(0, count)) sum += sample * sample;
        return (float)Math.Sqrt(sum / samples.Length);
    }

    /// <summary>Follows the voice by one frame. A nod is a damped spring that stress pulls down.</summary>
    private void Advance(float level)
    {
        const float stiffness = 70, damping = 15, step = (float)(1 / FramesPerSecond);
        peak = Math.Max(Math.Max(Quietest, level), 0.9985f * peak);
        float loudness = level / peak;
        quick += 0.4f * (loudness - quick);
        slow += 0.03f * (loudness - slow);
        activity += 0.04f * (Math.Min(1, 2.5f * loudness) - activity);
        float stress = Math.Clamp(2.5f * (quick - slow - 0.08f), 0, 1);
        speed += step * (stiffness * (stress - nod) - damping * speed);
        nod += step * speed;
    }
}
