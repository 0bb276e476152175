using Locutor.Training.Faces;
using Locutor.Training.Speech;

namespace Locutor.Training.Evaluation;

/// <summary>Measurements of pictures and of sound.</summary>
internal static class FrameFigures
{
    /// <summary>Computes the peak signal-to-noise ratio in decibels over all frames, without the pixels in some boxes.</summary>
    public static double Psnr(IReadOnlyList<byte[]> made, IReadOnlyList<byte[]> truth, int size, IReadOnlyList<PixelBox> outside)
    {
        int[] pixels = [.. Enumerable.Range(0, size * size).Where(p => !outside.Any(b => b.Contains(p % size, p / size)))];
        double sum = 0;
        int frames = Math.Min(made.Count, truth.Count);
        for (int f = 0; f < frames; f++)
        {
            long frame = 0;
            foreach (int pixel in pixels)
                for (int at = 3 * pixel; at < 3 * pixel + 3; at++) frame += (made[f][at] - truth[f][at]) * (made[f][at] - truth[f][at]);
            sum += frame;
        }
        return 10 * Math.Log10(255.0 * 255.0 / Math.Max(1e-6, sum / Math.Max(1, 3.0 * pixels.Length * frames)));
    }

    /// <summary>Computes the sum of squared differences between neighbouring pixels in a box, as a measure of sharpness.</summary>
    public static double GradientEnergy(IReadOnlyList<byte[]> frames, int size, PixelBox box)
    {
        double sum = 0;
        foreach (byte[] frame in frames)
        {
            long energy = 0;
            for (int y = box.Top; y < box.Bottom - 1; y++)
            {
                for (int at = 3 * (y * size + box.Left); at < 3 * (y * size + box.Right - 1); at++)
                {
                    int across = frame[at + 3] - frame[at], down = frame[at + 3 * size] - frame[at];
                    energy += across * across + down * down;
                }
            }
            sum += energy;
        }
        return sum / frames.Count;
    }

    /// <summary>Computes the mean absolute difference of two frames.</summary>
    public static double Difference(byte[] a, byte[] b)
    {
        long sum = 0;
        for (int i = 0; i < a.Length; i++) sum += Math.Abs(a[i] - b[i]);
        return (double)sum / a.Length;
    }

    /// <summary>Computes the mean of frames in a box: one value per pixel and channel.</summary>
    public static double[] Mean(IReadOnlyList<byte[]> frames, int size, PixelBox box)
    {
        double[] mean = new double[box.Width * box.Height * 3];
        foreach (byte[] frame in frames)
        {
            for (int y = 0; y < box.Height; y++)
            {
                for (int x = 0; x < 3 * box.Width; x++)
                    mean[y * 3 * box.Width + x] += (double)frame[((box.Top + y) * size + box.Left) * 3 + x] / frames.Count;
            }
        }
        return mean;
    }

    /// <summary>Computes the loudness of sound in every video frame, smoothed over three frames.</summary>
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
