using Locutor.Training.Faces;

namespace Locutor.Training.Evaluation;

/// <summary>
/// Reads from pixels how much of the open eyes is visible: 1 with open lids, 0 with closed lids. A frame is projected on the difference of
/// both as they are rendered. If the eye shows through closed lids, the value at the deepest point of a blink is above 0.
/// </summary>
/// <param name="open">The rendered frame with open lids, rows of R, G, B.</param>
/// <param name="closed">The rendered frame with closed lids.</param>
/// <param name="eyes">The boxes of the eyes.</param>
public sealed class LidMeter(int size, byte[] open, byte[] closed, IReadOnlyList<PixelBox> eyes)
{
    private const double Open = 0.8, Blink = 0.5;

    public static LidMeter For(TalkingSubject subject, FaceRenderer renderer)
    {
        byte[] open = new byte[renderer.FrameBytes], closed = new byte[renderer.FrameBytes];
        renderer.Render(subject.Person, subject.Held, open);
        renderer.Render(subject.Person, subject.Held with { Blink = 1 }, closed);
        var regions = FaceRegions.Create(subject.Person, subject.Held, renderer.Width, renderer.Height);
        return new LidMeter(renderer.Width, open, closed, [regions.LeftEye, regions.RightEye]);
    }

    /// <summary>Returns the visible part of the eyes in one frame.</summary>
    public double Read(byte[] frame)
    {
        double along = 0, length = 0;
        foreach (var eye in eyes)
        {
            for (int y = eye.Top; y < eye.Bottom; y++)
            {
                for (int i = 3 * (y * size + eye.Left); i < 3 * (y * size + eye.Right); i++)
                {
                    int way = open[i] - closed[i];
                    along += (frame[i] - closed[i]) * way;
                    length += way * way;
                }
            }
        }
        return along / Math.Max(1, length);
    }

    /// <summary>Measures every movement of the lids.</summary>
    /// <returns>
    /// The visible part at the deepest point of every blink, and the number of movements that stay half open and are no blink.
    /// </returns>
    public (IReadOnlyList<double> Blinks, int Halves) Count(IReadOnlyList<byte[]> frames)
    {
        double[] closings = [.. Closings(frames)], blinks = [.. closings.Where(visible => visible < Blink)];
        return (blinks, closings.Length - blinks.Length);
    }

    private IEnumerable<double> Closings(IReadOnlyList<byte[]> frames)
    {
        double? deepest = null;
        foreach (byte[] frame in frames)
        {
            double visible = Read(frame);
            if (visible < Open)
            {
                deepest = Math.Min(deepest ?? visible, visible);
            }
            else if (deepest is { } found)
            {
                yield return Math.Max(0, found);
                deepest = null;
            }
        }
        if (deepest is { } last) yield return Math.Max(0, last);
    }
}
