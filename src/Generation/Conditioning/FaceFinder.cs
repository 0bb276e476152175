using System.Runtime.InteropServices;
using Locutor.Generation.Pictures;
using Locutor.Media.Pictures;

namespace Locutor.Generation.Conditioning;

/// <summary>
/// Finds the square around one face in a picture by supervised descent (Xiong and De la Torre, 2013). From a first guess, a linear
/// regression on the pixels predicts the shift and the growth of the square. Three regressions are applied in turn, each finer than the one
/// before. They were fitted to painted faces ('locutor train face-finder').
/// </summary>
public static class FaceFinder
{
    /// <summary>The number of regressions.</summary>
    public const int Stages = 3;

    /// <summary>The number of features of a square; the last one is a constant 1.</summary>
    public const int Features = 2 * Grid * Grid + 1;

    /// <summary>
    /// The number of predicted values: the shift to the right and downwards, in sides of the square, and the logarithm of the growth.
    /// </summary>
    public const int Outputs = 3;

    private const int Grid = 20, WorkingSide = 64, Repeats = 3;
    private const int LeastAgreeing = 2;
    private const double Trust = 0.75; // in a size that differs from the picture's shorter side
    private const float LeastContrast = 8; // in levels of 255; a wall has less
    private const double Settled = 0.06, Agreement = 0.1; // in sides
    private static readonly Lazy<float[]> Weights = new(Load);

    /// <summary>Returns the square of a face in a region of a picture, in pixels of the picture; null if none is found.</summary>
    public static PixelRegion? Find(Picture picture, PixelRegion inside) =>
        Find(PictureRegion.Cut(picture, inside))?.Moved(inside.Top, inside.Left);

    /// <summary>Returns the square of a face; null if the results from different first guesses do not agree.</summary>
    public static PixelRegion? Find(Picture picture)
    {
        double scale = (double)WorkingSide / Math.Min(picture.Height, picture.Width);
        int height = (int)Math.Round(scale * picture.Height), width = (int)Math.Round(scale * picture.Width);
        var grey = new GreyPicture(PictureResizer.Resize(picture, height, width));
        var found = Guesses(height, width).Select(guess => Descend(grey, guess)).Where(square => square.Moved < Settled).ToList();
        if (found.Count == 0) return null;
        var best = found.MinBy(square => square.Moved);
        double near = Agreement * best.Side;
        int agreeing = found.Count(square => Math.Abs(square.X - best.X) + Math.Abs(square.Y - best.Y) < near);
        if (agreeing < LeastAgreeing) return null;
        // The size is predicted less exactly than the place.
        double shorter = Math.Min(picture.Height, picture.Width), size = shorter * Math.Pow(best.Side / scale / shorter, Trust);
        int left = (int)Math.Round(best.X / scale - size / 2), top = (int)Math.Round(best.Y / scale - size / 2);
        return new PixelRegion(top, left, top + (int)Math.Round(size), left + (int)Math.Round(size));
    }

    /// <summary>
    /// Computes the features of a square: grey values and differences on a grid, both independent of brightness and contrast.
    /// </summary>
    /// <returns>The standard deviation of the grey values.</returns>
    public static float Look(GreyPicture picture, double x, double y, double side, Span<float> features)
    {
        double step = side / Grid;
        for (int row = 0, i = 0; row < Grid; row++)
        {
            for (int column = 0; column < Grid; column++, i++)
            {
                double u = x + (column - (Grid - 1) / 2.0) * step, v = y + (row - (Grid - 1) / 2.0) * step;
                float here = picture.At(u, v), across = picture.At(u + step / 2, v) - picture.At(u - step / 2, v);
                float down = picture.At(u, v + step / 2) - picture.At(u, v - step / 2);
                (features[i], features[Grid * Grid + i]) = (here, MathF.Abs(across) + MathF.Abs(down));
            }
        }
        Normalise(features[(Grid * Grid)..(2 * Grid * Grid)]);
        features[^1] = 1;
        return Normalise(features[..(Grid * Grid)]);
    }

    private static IEnumerable<(double X, double Y, double Side)> Guesses(int height, int width)
    {
        double side = Math.Min(height, width), slack = Math.Max(height, width) - side;
        foreach (double share in new[] { 0.15, 0.4, 0.6, 0.85 })
        {
            double along = side / 2 + share * slack;
            foreach (double size in new[] { 0.8, 1.1, 1.4 })
                yield return height > width ? (width / 2.0, along, size * side) : (along, height / 2.0, size * side);
        }
    }

    private static (double X, double Y, double Side, double Moved) Descend(GreyPicture picture, (double X, double Y, double Side) square)
    {
        Span<float> features = stackalloc float[Features];
        var (x, y, side) = square;
        double moved = double.MaxValue;
        for (int i = 0; i < Stages * Repeats; i++)
        {
            if (Look(picture, x, y, side, features) < LeastContrast) return (x, y, side, double.MaxValue);
            var weights = Weights.Value.AsSpan(i / Repeats * Outputs * Features, Outputs * Features);
            double dx = Dot(weights[..Features], features), dy = Dot(weights.Slice(Features, Features), features);
            double growth = Dot(weights.Slice(2 * Features, Features), features);
            (x, y, side) = (x + dx * side, y + dy * side, side * Math.Exp(Math.Clamp(growth, -0.5, 0.5)));
            moved = Math.Abs(dx) + Math.Abs(dy) + Math.Abs(growth);
        }
        bool inside = side > 0.3 * WorkingSide && side < 2 * WorkingSide && x > 0 && y > 0 && x < picture.Width && y < picture.Height;
        return (x, y, side, inside ? moved : double.MaxValue);
    }

    private static double Dot(ReadOnlySpan<float> weights, ReadOnlySpan<float> features)
    {
        double sum = 0;
        for (int i = 0; i < features.Length; i++) sum += weights[i] * features[i];
        return sum;
    }

    private static float Normalise(Span<float> values)
    {
        float mean = 0, square = 0;
        foreach (float value in values) mean += value / values.Length;
        foreach (float value in values) square += (value - mean) * (value - mean) / values.Length;
        float scale = 1 / MathF.Sqrt(square + 1);
        for (int i = 0; i < values.Length; i++) values[i] = (values[i] - mean) * scale;
        return MathF.Sqrt(square);
    }

    private static float[] Load()
    {
        using var stream = typeof(FaceFinder).Assembly.GetManifestResourceStream("face-finder.bin")!;
        float[] weights = new float[Stages * Outputs * Features];
        stream.ReadExactly(MemoryMarshal.AsBytes(weights.AsSpan()));
        return weights;
    }
}
