using Locutor.Training.Faces;

namespace Locutor.Training.Evaluation;

/// <summary>
/// Reads from pixels how far the mouth of one person is open. It is a ridge regression on the region around the mouth, scaled to 16 x 12
/// pixels. It is fitted to rendered pictures of the person with known openings; half of them are blurred like decoded pictures. Since it
/// is linear, pictures that differ a little from the rendered ones cause only small errors.
/// </summary>
public sealed class MouthMeter
{
    private const int Columns = 16, Rows = 12, Features = Columns * Rows * 3, Samples = 240;
    private const double Ridge = 0.05;
    private readonly int size;
    private readonly PixelBox box;
    private readonly double[] weights;
    private readonly double[] middle;
    private readonly double offset;

    private MouthMeter(int size, PixelBox box, double[] weights, double[] middle, double offset)
    {
        this.size = size;
        this.box = box;
        this.weights = weights;
        this.middle = middle;
        this.offset = offset;
    }

    /// <summary>Fits the meter to one person in one posture of the head.</summary>
    /// <param name="held">The face whose head, gaze and expression stay fixed while the mouth moves.</param>
    public static MouthMeter For(Person person, FacePose held, FaceRenderer renderer, int seed)
    {
        int size = renderer.Width;
        var random = new Random(seed);
        FacePose[] poses = [.. Enumerable.Range(0, Samples).Select(_ => Speaking(held, random))];
        var box = poses.Select(p => FaceRegions.Create(person, p, size, size).Mouth).Aggregate((a, b) => a.Union(b));
        PixelBox seen = new(box.Left - 1, box.Top - 1, box.Right + 1, box.Bottom + 1); // the blur reads the neighbours
        double[][] inputs = new double[Samples][];
        double[] openings = new double[Samples];
        byte[] frame = new byte[renderer.FrameBytes];
        for (int i = 0; i < Samples; i++)
        {
            renderer.Render(person, poses[i], frame, seen);
            if (i % 2 == 1) Blur(frame, size);
            inputs[i] = ComputeFeatures(frame, size, box);
            openings[i] = FaceRegions.Create(person, poses[i], size, size).Truth.Opening;
        }
        return Fit(size, box, inputs, openings);
    }

    /// <summary>Reads the opening of the mouth: about 0 for closed, about 1 for wide open.</summary>
    /// <param name="rgb">The pixels of the picture, [size, size, 3].</param>
    public double Read(ReadOnlySpan<byte> rgb)
    {
        double[] features = ComputeFeatures(rgb, size, box);
        double sum = offset;
        for (int i = 0; i < Features; i++) sum += weights[i] * (features[i] - middle[i]);
        return sum;
    }

    private static FacePose Speaking(FacePose held, Random random)
    {
        float jaw = random.Next(5) == 0 ? 0 : 0.75f * random.NextSingle();
        return held with
        {
            JawOpen = jaw,
            LipWidth = random.NextSingle() * 1.3f - 0.5f,
            LipRound = random.Next(3) == 0 ? random.NextSingle() : 0.1f * random.NextSingle(),
            LipPress = random.Next(6) == 0 ? random.NextSingle() : 0,
            UpperTeeth = random.Next(2) == 0 ? random.NextSingle() : 0,
            Tongue = random.Next(2) == 0 ? random.NextSingle() : 0,
        };
    }

    private static MouthMeter Fit(int size, PixelBox box, double[][] inputs, double[] openings)
    {
        double[] middle = [.. Enumerable.Range(0, Features).Select(i => inputs.Average(x => x[i]))];
        double offset = openings.Average();
        foreach (double[] x in inputs)
            for (int i = 0; i < Features; i++) x[i] -= middle[i];
        double[,] gram = new double[Samples, Samples + 1];
        for (int i = 0; i < Samples; i++)
        {
            for (int j = 0; j < i; j++) gram[i, j] = gram[j, i] = Dot(inputs[i], inputs[j]);
            gram[i, i] = Dot(inputs[i], inputs[i]) + Ridge * Features * 0.01;
            gram[i, Samples] = openings[i] - offset;
        }
        double[] dual = Solve(gram), weights = new double[Features];
        for (int i = 0; i < Samples; i++)
            for (int k = 0; k < Features; k++) weights[k] += dual[i] * inputs[i][k];
        return new MouthMeter(size, box, weights, middle, offset);
    }

    /// <summary>Computes the mean colours of a grid over the box, from 0 to 1.</summary>
    private static double[] ComputeFeatures(ReadOnlySpan<byte> rgb, int size, PixelBox box)
    {
        double[] features = new double[Features];
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                int top = box.Top + row * box.Height / Rows, bottom = Math.Max(top + 1, box.Top + (row + 1) * box.Height / Rows);
                int left = box.Left + column * box.Width / Columns,
                    right = Math.Max(left + 1, box.Left + (column + 1) * box.Width / Columns);
                for (int channel = 0; channel < 3; channel++)
                {
                    int sum = 0;
                    for (int y = top; y < bottom; y++)
                        for (int x = left; x < right; x++) sum += rgb[(y * size + x) * 3 + channel];
                    features[(row * Columns + column) * 3 + channel] = sum / (255.0 * (bottom - top) * (right - left));
                }
            }
        }
        return features;
    }

    private static void Blur(byte[] rgb, int size)
    {
        byte[] from = [.. rgb];
        for (int y = 1; y < size - 1; y++)
        {
            for (int x = 1; x < size - 1; x++)
            {
                for (int c = 0; c < 3; c++)
                {
                    int at = (y * size + x) * 3 + c, line = size * 3;
                    rgb[at] = (byte)((4 * from[at] + 2 * (from[at - 3] + from[at + 3] + from[at - line] + from[at + line])
                        + from[at - line - 3] + from[at - line + 3] + from[at + line - 3] + from[at + line + 3]) / 16);
                }
            }
        }
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Solves a linear system by Gaussian elimination with pivoting. The last column is the right-hand side.</summary>
    private static double[] Solve(double[,] m)
    {
        int n = m.GetLength(0);
        for (int k = 0; k < n; k++)
        {
            int pivot = k;
            for (int i = k + 1; i < n; i++)
                if (Math.Abs(m[i, k]) > Math.Abs(m[pivot, k])) pivot = i;
            for (int j = k; j <= n && pivot != k; j++) (m[k, j], m[pivot, j]) = (m[pivot, j], m[k, j]);
            for (int i = k + 1; i < n; i++)
            {
                double factor = m[i, k] / m[k, k];
                for (int j = k; j <= n; j++) m[i, j] -= factor * m[k, j];
            }
        }
        double[] x = new double[n];
        for (int i = n - 1; i >= 0; i--)
        {
            double sum = m[i, n];
            for (int j = i + 1; j < n; j++) sum -= m[i, j] * x[j];
            x[i] = sum / m[i, i];
        }
        return x;
    }
}
