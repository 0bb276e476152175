using Locutor.Training.Faces;
using Locutor.Training.Speech;

namespace Locutor.Training.Evaluation;

/// <summary>Figures of pictures and of sound.</summary>
internal static class FrameFigures
{
    /// <summary>Peak signal to noise in decibels over all frames, outside of some boxes.</summary>
    public static double Psnr(IReadOnlyList<byte[]> made, IReadOnlyList<byte[]> truth, int size, IReadOnlyList<PixelBox> outside)
    {
        double sum = 0;
        long count = 0;
        for (int f = 0; f < Math.Min(made.Count, truth.Count); f++)
            for (int y = 0; y < size; y++)
                for (int x = 0; x < size; x++)
                {
                    if (outside.Any(b => b.Contains(x, y))) continue;
                    for (int c = 0; c < 3; c++)
                    {
                        int at = (y * size + x) * 3 + c, d = made[f][at] - truth[f][at];
                        sum += d * d;
                    }
                    count += 3;
                }
        return 10 * Math.Log10(255.0 * 255.0 / Math.Max(1e-6, sum / Math.Max(1, count)));
    }

    /// <summary>Mean absolute difference of two frames.</summary>
    public static double Difference(byte[] a, byte[] b)
    {
        long sum = 0;
        for (int i = 0; i < a.Length; i++) sum += Math.Abs(a[i] - b[i]);
        return (double)sum / a.Length;
    }

    /// <summary>Mean of frames inside a box, one value a pixel and channel.</summary>
    public static double[] Mean(IReadOnlyList<byte[]> frames, int size, PixelBox box)
    {
        double[] mean = new double[box.Width * box.Height * 3];
        foreach (byte[] frame in frames)
            for (int y = 0; y < box.Height; y++)
                for (int x = 0; x < 3 * box.Width; x++) mean[y * 3 * box.Width + x] += (double)frame[((box.Top + y) * size + box.Left) * 3 + x] / frames.Count;
        return mean;
    }

    /// <summary>How loud sound is in every video frame, smoothed over three.</summary>
    public static double[] Envelope(float[] samples)
    {
        int frames = samples.Length / SpeechMix.FrameSamples;
        double[] level = new double[frames];
        for (int f = 0; f < frames; f++)
        {
            double sum = 0;
            foreach (float s in samples.AsSpan(f * SpeechMix.FrameSamples, SpeechMix.FrameSamples)) sum += (double)s * s;
            level[f] = Math.Sqrt(sum / SpeechMix.FrameSamples);
        }
        return [.. level.Select((_, f) => (level[Math.Max(0, f - 1)] + level[f] + level[Math.Min(frames - 1, f + 1)]) / 3)];
    }
}
