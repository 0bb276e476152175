using Locutor.Generation.Pictures;

namespace Locutor.Generation.Compositing;

/// <summary>Finds the moving parts of a face, such as the mouth and an eye, as boxes around connected pixels.</summary>
internal static class MovingParts
{
    /// <summary>Margin of a box in generated pixels, which gives an upsampler some context.</summary>
    private const int Margin = 6;

    private const int Step = 8; // the sides of boxes are multiples of this, so that few different sizes occur

    /// <summary>Finds the boxes of all moving parts.</summary>
    /// <param name="moved">[height * width]: amount of motion of each pixel.</param>
    /// <param name="height">Height of the plane.</param>
    /// <param name="width">Width of the plane.</param>
    /// <param name="least">Smallest amount that counts as motion.</param>
    /// <returns>Boxes inside the plane that do not overlap.</returns>
    public static IReadOnlyList<PixelRegion> Find(ReadOnlySpan<float> moved, int height, int width, float least)
    {
        bool[] seen = new bool[moved.Length];
        var boxes = new List<PixelRegion>();
        for (int i = 0; i < moved.Length; i++)
            if (!seen[i] && moved[i] > least) Join(boxes, Widen(Connected(moved, i, seen, height, width, least), height, width));
        return boxes;
    }

    private static PixelRegion Connected(ReadOnlySpan<float> moved, int start, bool[] seen, int height, int width, float least)
    {
        var box = new PixelRegion(height, width, 0, 0);
        var open = new Stack<int>([start]);
        seen[start] = true;
        while (open.TryPop(out int at))
        {
            int y = at / width, x = at % width;
            box = new PixelRegion(Math.Min(box.Top, y), Math.Min(box.Left, x), Math.Max(box.Bottom, y + 1), Math.Max(box.Right, x + 1));
            foreach (int next in
                    (ReadOnlySpan<int>)[
                        x > 0 ? at - 1 : at, x < width - 1 ? at + 1 : at, y > 0 ? at - width : at, y < height - 1 ? at + width : at])
            {
                if (seen[next] || moved[next] <= least) continue;
                seen[next] = true;
                open.Push(next);
            }
        }
        return box;
    }

    private static PixelRegion Widen(PixelRegion box, int height, int width)
    {
        var (top, bottom) = Widen(box.Top, box.Bottom, height);
        var (left, right) = Widen(box.Left, box.Right, width);
        return new PixelRegion(top, left, bottom, right);
    }

    private static (int First, int End) Widen(int first, int end, int length)
    {
        int wanted = Math.Min(length, (end - first + 2 * Margin + Step - 1) / Step * Step);
        int start = Math.Clamp((first + end - wanted) / 2, 0, length - wanted);
        return (start, start + wanted);
    }

    /// <summary>Adds a box; overlapping boxes are merged.</summary>
    private static void Join(List<PixelRegion> boxes, PixelRegion box)
    {
        for (int i = boxes.Count - 1; i >= 0; i--)
        {
            var other = boxes[i];
            if (other.Right <= box.Left || box.Right <= other.Left || other.Bottom <= box.Top || box.Bottom <= other.Top) continue;
            box = new PixelRegion(
                Math.Min(box.Top, other.Top), Math.Min(box.Left, other.Left), Math.Max(box.Bottom, other.Bottom),
                Math.Max(box.Right, other.Right));
            boxes.RemoveAt(i);
            i = boxes.Count; // the larger box may overlap others now
        }
        boxes.Add(box);
    }
}
