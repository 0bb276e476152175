using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>A box of pixels inside the picture, from (Left, Top) inclusive to (Right, Bottom) exclusive.</summary>
public readonly record struct PixelBox(int Left, int Top, int Right, int Bottom)
{
    public int Width => Right - Left;

    public int Height => Bottom - Top;

    public bool Contains(int x, int y) => x >= Left && x < Right && y >= Top && y < Bottom;

    /// <summary>Returns the smallest box that contains both boxes.</summary>
    public PixelBox Union(PixelBox other) => new(
        Math.Min(Left, other.Left), Math.Min(Top, other.Top), Math.Max(Right, other.Right), Math.Max(Bottom, other.Bottom));
}

/// <summary>The state of the mouth in a frame, computed from the geometry that is rendered.</summary>
/// <param name="OpeningPixels">The distance in pixels between the inner edges of the lips at the middle.</param>
/// <param name="Opening">
/// The opening relative to the widest opening in speech, from 0 (closed) to 1, independent of picture size and scale.
/// </param>
/// <param name="WidthPixels">The distance in pixels between the corners of the mouth.</param>
/// <param name="AreaPixels">The area in pixels of the opening between the lips.</param>
public readonly record struct MouthTruth(float OpeningPixels, float Opening, float WidthPixels, float AreaPixels);

/// <summary>The boxes of the moving parts of a face in a frame.</summary>
/// <param name="Mouth">The lips with a margin of 2 % of the picture.</param>
/// <param name="LeftEye">The eye on the viewer's left with lids and lashes, without the brow.</param>
/// <param name="RightEye">The eye on the viewer's right.</param>
/// <param name="Face">The face from forehead to chin and from ear to ear.</param>
public sealed record FaceRegions(PixelBox Mouth, PixelBox LeftEye, PixelBox RightEye, PixelBox Face, MouthTruth Truth)
{
    /// <summary>
    /// Computes the regions of <paramref name="person"/> in <paramref name="pose"/> for a picture of the given size, without rendering
    /// it.
    /// </summary>
    public static FaceRegions Create(Person person, in FacePose pose, int width, int height)
    {
        var head = new HeadSpace(pose, width, height);
        var mouth = new MouthShape();
        mouth.Update(person, pose, head);
        float scale = head.Unit, margin = 2f * scale;
        var lips = Bounds(head, [.. mouth.OuterUpper, .. mouth.OuterLower], margin, width, height);
        var traits = person.Head;
        float side = traits.HalfWidth + 1f;
        var face = Bounds(head,
            [head.At(-side, 0f, 2f), head.At(side, 0f, 2f), head.At(0f, -24f, 4f), head.At(0f, traits.ChinY + head.ChinDrop, 9f)],
            margin / 2f, width, height);
        int middle = MouthShape.Samples / 2;
        float opening = SKPoint.Distance(mouth.InnerUpper[middle], mouth.InnerLower[middle]) * scale;
        float across = SKPoint.Distance(mouth.InnerUpper[0], mouth.InnerUpper[^1]) * scale;
        float area = 0f;
        for (int i = 1; i < MouthShape.Samples; i++)
        {
            SKPoint a = mouth.InnerUpper[i - 1], b = mouth.InnerUpper[i], c = mouth.InnerLower[i], d = mouth.InnerLower[i - 1];
            area += 0.5f * Math.Abs((c.X - a.X) * (d.Y - b.Y) - (d.X - b.X) * (c.Y - a.Y));
        }
        return new FaceRegions(lips, Eye(person, head, -1f, margin, width, height), Eye(person, head, 1f, margin, width, height), face,
            new MouthTruth(opening, mouth.Opening / MouthShape.FullOpening, across, area * scale * scale));
    }

    private static PixelBox Eye(Person person, in HeadSpace head, float side, float margin, int width, int height)
    {
        var eyes = person.Eyes;
        float inner = side * (eyes.X - eyes.HalfWidth - 0.5f), outer = side * (eyes.X + eyes.HalfWidth + 1.4f);
        return Bounds(head, [head.On(inner, eyes.Y - eyes.Upper - 1.6f), head.On(outer, eyes.Y - eyes.Upper - 1.6f),
            head.On(inner, eyes.Y + eyes.Lower + 0.6f), head.On(outer, eyes.Y + eyes.Lower + 0.6f)], margin / 3f, width, height);
    }

    private static PixelBox Bounds(in HeadSpace head, ReadOnlySpan<SKPoint> points, float margin, int width, int height)
    {
        float left = float.MaxValue, top = float.MaxValue, right = float.MinValue, bottom = float.MinValue;
        foreach (var point in points)
        {
            var pixel = head.Head.MapPoint(point);
            left = Math.Min(left, pixel.X);
            right = Math.Max(right, pixel.X);
            top = Math.Min(top, pixel.Y);
            bottom = Math.Max(bottom, pixel.Y);
        }
        int x0 = Math.Clamp((int)MathF.Floor(left - margin), 0, width - 1), y0 = Math.Clamp((int)MathF.Floor(top - margin), 0, height - 1);
        return new PixelBox(x0, y0,
            Math.Clamp((int)MathF.Ceiling(right + margin), x0 + 1, width), Math.Clamp((int)MathF.Ceiling(bottom + margin), y0 + 1, height));
    }
}
