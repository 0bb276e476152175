using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>
/// Paints the inside of an open mouth: both rows of teeth behind the lips, the tongue behind the lower row, and the shadow of the upper
/// lip. All of it is clipped to the opening of the lips.
/// </summary>
internal static class MouthInside
{
    private static readonly SKColor Deep = new(58, 16, 24);
    private static readonly SKColor Gum = new(122, 44, 52);
    private static readonly SKColor Tooth = new(247, 241, 230);
    private static readonly SKColor ToothShade = new(172, 146, 138);
    private static readonly SKColor Tongue = new(198, 88, 94);
    private static readonly SKColor TongueLight = new(224, 124, 122);

    public static void Paint(Sketch sketch, MouthShape mouth, in FacePose pose)
    {
        var canvas = sketch.Canvas;
        float alpha = mouth.Parted, jaw = Math.Max(0f, pose.JawOpen), round = Math.Clamp(pose.LipRound, 0f, 1f);
        canvas.Save();
        canvas.ClipPath(sketch.Polygon(mouth.InnerUpper, mouth.InnerLower).Shape, SKClipOperation.Intersect, true);
        sketch.Fill(Palette.Fade(Deep, alpha));
        SKPoint left = mouth.InnerUpper[0], right = mouth.InnerUpper[^1], top = mouth.InnerUpper[MouthShape.Samples / 2],
            bottom = mouth.InnerLower[MouthShape.Samples / 2];
        float half = 0.5f * (right.X - left.X), x = 0.5f * (left.X + right.X), gap = bottom.Y - top.Y;
        sketch.Oval(new SKPoint(x, bottom.Y + 0.1f * gap), 0.95f * half, 0.62f * gap, Palette.Fade(Gum, 0.8f * alpha));
        float raised = gap * (0.42f * HeadSpace.Smooth(0.05f, 0.4f, jaw) + 0.55f * Math.Clamp(pose.Tongue, 0f, 1f));
        PaintTongue(sketch, x, bottom.Y, 0.66f * half, raised, alpha);
        float lower = 1.5f * HeadSpace.Smooth(0.12f, 0.55f, jaw) * (1f - 0.7f * round) * (1f - 0.7f * Math.Clamp(pose.Tongue, 0f, 1f));
        Row(sketch, mouth.InnerLower, x, 0.60f * half, -lower, alpha, 0.72f);
        float upper = Math.Max(
            3.1f * Math.Max(0f, pose.UpperTeeth),
            (2f + Math.Max(0f, pose.Smile)) * HeadSpace.Smooth(0.04f, 0.34f, jaw) * (1f - 0.65f * round));
        Row(sketch, mouth.InnerUpper, x, 0.80f * half, Math.Min(upper, 0.85f * gap), alpha, 1f);
        // The shadow of the lip, which is widest in the middle.
        sketch.Line(mouth.InnerUpper).Stroke(Palette.Fade(Deep, 0.34f * alpha), 1.5f);
        sketch.Line(mouth.InnerUpper).Stroke(Palette.Fade(Deep, 0.5f * alpha), 0.7f);
        sketch.Line(mouth.InnerLower).Stroke(Palette.Fade(Deep, 0.3f * alpha), 0.8f);
        canvas.Restore();
    }

    private static void PaintTongue(Sketch sketch, float x, float y, float half, float raised, float alpha)
    {
        if (raised < 0.05f) return;
        sketch.Oval(new SKPoint(x, y + 0.35f), half, raised + 0.35f, Palette.Fade(Tongue, alpha));
        sketch.Oval(
            new SKPoint(x - 0.36f * half, y - 0.42f * raised), 0.34f * half, 0.34f * raised, Palette.Fade(TongueLight, 0.55f * alpha));
        sketch.Oval(
            new SKPoint(x + 0.36f * half, y - 0.42f * raised), 0.34f * half, 0.34f * raised, Palette.Fade(TongueLight, 0.55f * alpha));
    }

    /// <summary>
    /// Paints a row of teeth below the edge of a lip, or above it when the height is negative. Teeth are highest in the middle and darker
    /// at the sides.
    /// </summary>
    private static void Row(Sketch sketch, ReadOnlySpan<SKPoint> lip, float x, float half, float height, float alpha, float light)
    {
        if (MathF.Abs(height) < 0.08f) return;
        Span<SKPoint> root = stackalloc SKPoint[MouthShape.Samples], edge = stackalloc SKPoint[MouthShape.Samples];
        int count = 0;
        foreach (var point in lip)
        {
            float t = (point.X - x) / half;
            if (MathF.Abs(t) > 1f) continue;
            root[count] = new SKPoint(point.X, point.Y - MathF.Sign(height) * 0.6f);
            edge[count++] = new SKPoint(point.X, point.Y + height * MathF.Sqrt(1f - 0.72f * t * t));
        }
        if (count < 3) return;
        sketch.Polygon(root[..count], edge[..count]).Fill(
            Palette.Fade(Palette.Mix(Palette.Mix(Tooth, ToothShade, 0.16f), Deep, 1f - light), alpha));
        for (float gap = -3f; gap <= 3f; gap++)
        {
            float at = x + gap * half / 3.6f, bend = MathF.Sqrt(1f - 0.72f * (gap / 3.6f) * (gap / 3.6f));
            var near = Nearest(lip, at);
            sketch.Line([new SKPoint(at, near.Y), new SKPoint(at, near.Y + 0.94f * height * bend)])
                .Stroke(Palette.Fade(ToothShade, 0.45f * alpha), 0.22f);
        }
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f]) // The row bends back into the shadow of the mouth.
        {
            sketch.Oval(
                new SKPoint(x + side * half * 1.02f, lip[MouthShape.Samples / 2].Y + 0.5f * height), 0.34f * half, MathF.Abs(height) + 0.6f,
                Palette.Fade(Deep, 0.30f * alpha));
        }
    }

    private static SKPoint Nearest(ReadOnlySpan<SKPoint> lip, float x)
    {
        int best = 0;
        for (int i = 1; i < lip.Length; i++)
            if (MathF.Abs(lip[i].X - x) < MathF.Abs(lip[best].X - x)) best = i;
        return lip[best];
    }
}
