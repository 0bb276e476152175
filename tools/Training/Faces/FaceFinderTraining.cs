using Locutor.Generation.Conditioning;
using Locutor.Media.Pictures;

namespace Locutor.Training.Faces;

/// <summary>
/// Fits the regressions of <see cref="FaceFinder"/> to painted faces by ridge regression: from the pixels of squares that are shifted and
/// scaled at random, a stage predicts the shift and the growth to the true square. Each stage is fitted to smaller random shifts than the
/// stage before.
/// </summary>
public static class FaceFinderTraining
{
    private const int FirstPerson = 20_000, Side = 64, Painted = 96, Long = 160, Narrow = 72;
    private const double Ridge = 0.02;
    private static readonly double[] Shifts = [0.32, 0.16, 0.08], Growths = [0.45, 0.22, 0.12];

    /// <summary>Returns the weights of all stages.</summary>
    /// <param name="people">The number of painted persons.</param>
    /// <param name="each">The number of squares per person and stage.</param>
    public static float[] Fit(int people, int each)
    {
        var faces = new PaintedFace[people];
        Parallel.For(0, people, i => faces[i] = Paint(i));
        return [.. Enumerable.Range(0, FaceFinder.Stages).SelectMany(stage => FitStage(faces, each, stage))];
    }

    private static PaintedFace Paint(int number)
    {
        var random = new Random(number * 31 + 7);
        var (width, height) = random.Next(4) switch { 0 => (Long, Painted), 1 => (Painted, Long), _ => (Painted, Painted) };
        var pose = new FacePose
        {
            HeadYaw = 0.16f * Around(),
            HeadPitch = 0.08f * Around(),
            HeadRoll = 0.07f * Around(),
            HeadX = 0.03f * Around(),
            HeadY = 0.03f * Around(),
            Scale = 1 + 0.1f * Around(),
            Smile = 0.5f * Around(),
            JawOpen = random.Next(4) == 0 ? 0.4f * random.NextSingle() : 0,
        };
        using var renderer = new FaceRenderer(width, height);
        byte[] frame = new byte[renderer.FrameBytes];
        renderer.Render(Person.Draw(FirstPerson + number), pose, frame);
        int shown = width == height && random.Next(2) == 0 ? Narrow : width, cut = (width - shown) / 2; // a portrait that was cropped
        byte[] rgb = [.. Enumerable.Range(0, height).SelectMany(y => frame.AsSpan(3 * (y * width + cut), 3 * shown).ToArray())];
        double scale = (double)Side / Painted;
        var small = PictureResizer.Resize(new Picture(shown, height, rgb), (int)(height * scale), (int)(shown * scale));
        return new PaintedFace(
            new GreyPicture(small), (width / 2.0 - cut + Painted * pose.HeadX) * scale, (height / 2.0 + Painted * pose.HeadY) * scale,
            Side * pose.Scale);

        float Around() => random.NextSingle() * 2 - 1;
    }

    private static float[] FitStage(PaintedFace[] faces, int each, int stage)
    {
        const int count = FaceFinder.Features, outputs = FaceFinder.Outputs;
        double[] gram = new double[count * count], right = new double[count * outputs];
        float[] features = new float[count];
        var random = new Random(stage);
        foreach (var (picture, x, y, face) in faces)
        {
            for (int i = 0; i < each; i++)
            {
                double growth = Growths[stage] * Around(), side = face * Math.Exp(growth);
                double dx = Shifts[stage] * Around(), dy = Shifts[stage] * Around();
                FaceFinder.Look(picture, x + dx * side, y + dy * side, side, features);
                Accumulate(gram, right, features, [-dx, -dy, -growth]);
            }
        }
        for (int i = 0; i < count; i++) gram[i * count + i] += Ridge * faces.Length * each;
        FactorCholesky(gram, count);
        return [.. Enumerable.Range(0, outputs).SelectMany(output => Solve(gram, count, Wanted(output)))];

        double[] Wanted(int output) => [.. Enumerable.Range(0, count).Select(i => right[i * outputs + output])];

        double Around() => random.NextDouble() * 2 - 1;
    }

    /// <summary>Adds a sample to the normal equations: the lower half of the Gram matrix, and the right-hand side.</summary>
    private static void Accumulate(double[] gram, double[] right, float[] features, ReadOnlySpan<double> wanted)
    {
        int count = features.Length;
        for (int i = 0; i < count; i++)
        {
            var row = gram.AsSpan(i * count, i + 1);
            for (int j = 0; j <= i; j++) row[j] += features[i] * features[j];
            for (int output = 0; output < wanted.Length; output++) right[i * wanted.Length + output] += features[i] * wanted[output];
        }
    }

    /// <summary>Replaces the lower half of a positive definite matrix by its Cholesky factor.</summary>
    private static void FactorCholesky(double[] matrix, int count)
    {
        for (int j = 0; j < count; j++)
        {
            for (int i = j; i < count; i++)
            {
                double sum = matrix[i * count + j];
                for (int k = 0; k < j; k++) sum -= matrix[i * count + k] * matrix[j * count + k];
                matrix[i * count + j] = i == j ? Math.Sqrt(sum) : sum / matrix[j * count + j];
            }
        }
    }

    private static float[] Solve(double[] factor, int count, double[] values)
    {
        for (int i = 0; i < count; i++)
        {
            for (int k = 0; k < i; k++) values[i] -= factor[i * count + k] * values[k];
            values[i] /= factor[i * count + i];
        }
        for (int i = count - 1; i >= 0; i--)
        {
            for (int k = i + 1; k < count; k++) values[i] -= factor[k * count + i] * values[k];
            values[i] /= factor[i * count + i];
        }
        return [.. values.Select(value => (float)value)];
    }

    private sealed record PaintedFace(GreyPicture Picture, double X, double Y, double Side);
}
