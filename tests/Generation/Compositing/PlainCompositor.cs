using Locutor.Models;

namespace Locutor.Generation.Tests.Compositing;

/// <summary>
/// A reference implementation of the compositor in float64, pixel by pixel over the whole frame, without regions, vectors or separable
/// passes.
/// </summary>
internal sealed class PlainCompositor((int Height, int Width) drawn, (int Height, int Width) target, CompositionOptions options)
{
    public double[] Compose(byte[] portrait, byte[] frame, byte[] reference)
    {
        double[] difference = new double[drawn.Height * drawn.Width];
        for (int i = 0; i < difference.Length; i++)
            difference[i] = Enumerable.Range(0, 3).Max(c => Math.Abs(frame[3 * i + c] - reference[3 * i + c]));
        difference = Soften(difference);
        double[] replaced = Weigh(difference, options.ReplacedFrom);
        double[] added = [.. Weigh(difference, options.AddedFrom).Zip(replaced, Math.Max)];
        double[] composed = new double[3 * target.Height * target.Width];
        for (int y = 0; y < target.Height; y++)
        {
            for (int x = 0; x < target.Width; x++)
            {
                for (int c = 0; c < 3; c++)
                {
                    int channel = c, at = 3 * (y * target.Width + x) + c;
                    double change = Enlarge(y, x, i => added[i] * (frame[3 * i + channel] - reference[3 * i + channel]));
                    double share = Math.Clamp(Enlarge(y, x, i => replaced[i]), 0, 1);
                    double changed = portrait[at] + change;
                    composed[at] = Math.Clamp(changed + share * (Enlarge(y, x, i => frame[3 * i + channel]) - changed), 0, 255);
                }
            }
        }

        return composed;
    }

    private double[] Weigh(double[] difference, double threshold)
    {
        double[] weights = [.. difference.Select(d => Math.Clamp(d / threshold - 1, 0, 1)).Select(t => t * t * (3 - 2 * t))];
        return Soften(Soften(Neighbourhoods(weights, values => values.Max(v => v.Value))));
    }

    private double[] Soften(double[] plane) =>
        Neighbourhoods(plane, values => values.Sum(v => v.Value * (2 - Math.Abs(v.Down)) * (2 - Math.Abs(v.Right)) / 16));

    private double[] Neighbourhoods(double[] plane, Func<(double Value, int Down, int Right)[], double> combine)
    {
        double[] result = new double[plane.Length];
        for (int y = 0; y < drawn.Height; y++)
        {
            for (int x = 0; x < drawn.Width; x++)
            {
                result[y * drawn.Width + x] = combine(
                    [
                        .. from down in new[] { -1, 0, 1 } from right in new[] { -1, 0, 1 } select (
                            plane[Index(y + down, x + right)], down, right)
                    ]);
            }
        }

        return result;
    }

    private double Enlarge(int y, int x, Func<int, double> plane)
    {
        double row = (y + 0.5) * drawn.Height / target.Height - 0.5, column = (x + 0.5) * drawn.Width / target.Width - 0.5, sum = 0;
        for (int j = (int)Math.Floor(row) - 1; j <= Math.Floor(row) + 2; j++)
        {
            for (int i = (int)Math.Floor(column) - 1; i <= Math.Floor(column) + 2; i++)
                sum += Cubic(row - j) * Cubic(column - i) * plane(Index(j, i));
        }

        return sum;
    }

    private int Index(int y, int x) => Math.Clamp(y, 0, drawn.Height - 1) * drawn.Width + Math.Clamp(x, 0, drawn.Width - 1);

    /// <summary>Keys (1981) with a = -1/2, which is Catmull-Rom.</summary>
    private static double Cubic(double distance)
    {
        double d = Math.Abs(distance);
        return d < 1 ? (1.5 * d - 2.5) * d * d + 1 : d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
    }
}
