using Locutor.Training.Faces;

namespace Locutor.Training.Evaluation;

/// <summary>
/// Reads from pixels how far a head is shifted against the first frame, by least squares on the gradients of the picture (Lucas and Kanade,
/// 1981) at a quarter of the size. Mouth and eyes are left out, since they move by themselves.
/// </summary>
public static class HeadMeter
{
    private const int Shrink = 4;

    /// <summary>Returns the shift of the head in each frame, in pixels to the right and downwards.</summary>
    /// <param name="frames">Rows of R, G, B.</param>
    /// <param name="face">The box of the face.</param>
    /// <param name="moving">Boxes that are left out.</param>
    public static (double X, double Y)[] Read(IReadOnlyList<byte[]> frames, int size, PixelBox face, IReadOnlyList<PixelBox> moving)
    {
        int small = size / Shrink;
        double[] first = Small(frames[0], size);
        var pixels = new List<int>();
        for (int y = face.Top / Shrink; y < face.Bottom / Shrink; y++)
        {
            for (int x = face.Left / Shrink; x < face.Right / Shrink; x++)
            {
                bool inside = x > 0 && y > 0 && x < small - 1 && y < small - 1;
                if (inside && !moving.Any(box => box.Contains(Shrink * x, Shrink * y))) pixels.Add(y * small + x);
            }
        }
        return [.. frames.Select(frame => Shift(first, Small(frame, size), small, pixels))];
    }

    private static (double X, double Y) Shift(double[] before, double[] after, int width, List<int> pixels)
    {
        double xx = 1e-6, xy = 0, yy = 1e-6, xt = 0, yt = 0;
        foreach (int i in pixels)
        {
            double dx = (before[i + 1] - before[i - 1] + after[i + 1] - after[i - 1]) / 4;
            double dy = (before[i + width] - before[i - width] + after[i + width] - after[i - width]) / 4, dt = before[i] - after[i];
            xx += dx * dx;
            xy += dx * dy;
            yy += dy * dy;
            xt += dx * dt;
            yt += dy * dt;
        }
        double determinant = xx * yy - xy * xy;
        return (Shrink * (yy * xt - xy * yt) / determinant, Shrink * (xx * yt - xy * xt) / determinant);
    }

    /// <summary>Computes the grey means of squares of pixels, blurred, because sharp edges would give too large a shift.</summary>
    private static double[] Small(byte[] frame, int size)
    {
        int small = size / Shrink;
        double[] grey = new double[small * small];
        for (int y = 0; y < small * Shrink; y++)
        {
            for (int x = 0; x < small * Shrink; x++)
            {
                int i = 3 * (y * size + x);
                grey[y / Shrink * small + x / Shrink] += (frame[i] + frame[i + 1] + frame[i + 2]) / (3.0 * Shrink * Shrink);
            }
        }
        return Blur(Blur(grey, 1), small);
    }

    private static double[] Blur(double[] grey, int step) =>
        [.. grey.Select((value, i) => i < step || i >= grey.Length - step ? value : (grey[i - step] + 2 * value + grey[i + step]) / 4)];
}
