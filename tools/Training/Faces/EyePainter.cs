using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints eyes, lids, lashes and brows.</summary>
internal static class EyePainter
{
    private const int Samples = 17;

    public static void Paint(Sketch sketch, Person person, PersonLayers layers, in FacePose pose, in HeadSpace head)
    {
        PaintEye(sketch, person, layers, pose, head, -1f);
        PaintEye(sketch, person, layers, pose, head, 1f);
    }

    public static void PaintBrows(Sketch sketch, Person person, in FacePose pose, in HeadSpace head)
    {
        var brow = person.Brows;
        Span<SKPoint> upper = stackalloc SKPoint[12], lower = stackalloc SKPoint[12];
        float worry = pose.BrowFrown * Math.Max(0f, pose.BrowRaise), anger = pose.BrowFrown - worry;
        float raise = 2.6f * pose.BrowRaise - 0.25f * pose.Blink;
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            for (int i = 0; i < 12; i++)
            {
                float t = i / 11f, inward = (1f - t) * (1f - t);
                float x = person.Eyes.X + (t - 0.5f) * 2f * brow.Length - inward * 1.2f * pose.BrowFrown;
                float y = brow.Y - raise * (0.75f + 0.25f * MathF.Sin(MathF.PI * t))
                    - brow.Arch * MathF.Sin(MathF.PI * MathF.Pow(t, 1.35f)) - brow.Tilt * (t - 0.4f);
                y += inward * (1.9f * anger - 2.6f * worry) + t * worry * 0.7f;
                float half = 0.5f * brow.Thickness * MathF.Pow(MathF.Max(0f, 1f - t), 0.45f)
                    * (0.62f + 0.38f * HeadSpace.Smooth(0f, 0.3f, t));
                upper[i] = head.On(side * x, y - half, 0.6f);
                lower[i] = head.On(side * x, y + half, 0.6f);
            }
            sketch.Polygon(upper, lower).Fill(Palette.Fade(brow.Colour, 0.92f));
        }
    }

    /// <summary>Returns 0 at both ends and 1 in the middle. It is never below 0, since a power of a negative number would be NaN.</summary>
    private static float Hump(float t) => MathF.Max(0f, MathF.Sin(MathF.PI * t));

    private static void PaintEye(Sketch sketch, Person person, PersonLayers layers, in FacePose pose, in HeadSpace head, float side)
    {
        var eyes = person.Eyes;
        var skin = person.Skin;
        Span<SKPoint> upper = stackalloc SKPoint[Samples], lower = stackalloc SKPoint[Samples], fold = stackalloc SKPoint[Samples],
            lash = stackalloc SKPoint[Samples];
        float blink = Math.Clamp(pose.Blink, 0f, 1f),
            tall = eyes.Upper * (1f + 0.30f * pose.EyeWide) - 0.12f * eyes.Upper * Math.Max(0f, pose.GazeY);
        float low = eyes.Lower * (1f - 0.55f * Math.Max(0f, pose.CheekRaise));
        for (int i = 0; i < Samples; i++)
        {
            float t = i / (Samples - 1f), arch = Hump(MathF.Pow(t, 0.92f)), x = side * (eyes.X + (t - 0.5f) * 2f * eyes.HalfWidth);
            float line = eyes.Y - eyes.Tilt * (t - 0.5f) * 2f;
            float top = line - tall * MathF.Pow(arch, 0.78f), bottom = line + low * MathF.Pow(Hump(MathF.Pow(t, 1.12f)), 0.8f);
            float shut = line + 0.55f * eyes.Lower * arch;
            top += (shut - top) * blink;
            bottom += (shut - bottom) * blink;
            upper[i] = head.On(x, top, 0.4f);
            lower[i] = head.On(x, bottom, 0.4f);
            float crease = line - (eyes.Upper * (1f + 0.22f * pose.EyeWide) + 0.75f + 0.55f * eyes.Fold) * MathF.Pow(arch, 0.7f)
                + 0.7f * blink * arch;
            fold[i] = head.On(x * (1f + 0.012f * (t - 0.5f)), crease, 0.4f);
            float weight = (0.42f + 0.62f * eyes.Lash) * (0.30f + 0.70f * HeadSpace.Smooth(0f, 0.75f, t));
            float wing = HeadSpace.Smooth(0.72f, 1f, t) * (0.4f + 1.1f * eyes.Lash);
            lash[i] = head.On(x + side * wing, top - weight * MathF.Pow(arch, 0.25f) - 0.75f * wing * (1f - 1.3f * blink), 0.5f);
        }
        var lid = Palette.Mix(
            skin.Shade, eyes.Shadow > 0f ? Palette.Mix(person.Clothes.Colour, skin.Deep, 0.6f) : skin.Base,
            eyes.Shadow > 0f ? 0.6f * eyes.Shadow : 0.35f);
        sketch.Polygon(fold, upper).Fill(Palette.Fade(lid, 0.85f + 0.15f * HeadSpace.Smooth(0f, 0.3f, blink)));
        sketch.Line(fold).Stroke(Palette.Fade(skin.Deep, 0.25f + 0.45f * eyes.Fold), 0.55f);
        if (blink < 0.985f) PaintBall(sketch, person, layers, pose, head, side, upper, lower, MathF.Min(1f, (0.985f - blink) * 12f));
        sketch.Line(lower).Stroke(Palette.Fade(skin.Deep, 0.5f * (1f - 0.6f * blink)), 0.5f);
        var dark = Palette.Mix(new SKColor(38, 26, 28), person.Brows.Colour, 0.25f);
        sketch.Polygon(lash, upper).Fill(dark);
        sketch.Line(upper).Stroke(Palette.Fade(dark, 0.9f), 0.45f + 0.25f * eyes.Lash);
    }

    private static void PaintBall(Sketch sketch, Person person, PersonLayers layers, in FacePose pose, in HeadSpace head, float side,
        ReadOnlySpan<SKPoint> upper, ReadOnlySpan<SKPoint> lower, float alpha)
    {
        var eyes = person.Eyes;
        var canvas = sketch.Canvas;
        sketch.Polygon(upper, lower).Fill(Palette.Fade(new SKColor(250, 247, 243), alpha));
        canvas.Save();
        canvas.ClipPath(sketch.Shape, SKClipOperation.Intersect, true);
        var iris = head.On(side * (eyes.X - 0.25f) + 1.75f * pose.GazeX, eyes.Y - 0.35f + 1.25f * pose.GazeY, 0.2f);
        float size = eyes.IrisSize;
        sketch.Oval(iris, size, size, Palette.Fade(Palette.Shift(eyes.Iris, -0.14f), alpha));
        sketch.Glow(layers.Iris, new SKPoint(iris.X, iris.Y + 0.25f * size), 0.95f * size, 0.92f * size, alpha);
        sketch.Oval(iris, 0.47f * size, 0.47f * size, Palette.Fade(new SKColor(18, 12, 14), alpha));
        sketch.Line(upper).Stroke(Palette.Fade(new SKColor(60, 40, 52), 0.30f * alpha), 2.6f);
        float lx = person.Light.Side < 0f ? -1f : 1f;
        sketch.Oval(
            new SKPoint(iris.X + lx * 0.36f * size, iris.Y - 0.36f * size), 0.30f * size, 0.30f * size,
            Palette.Fade(SKColors.White, 0.96f * alpha));
        sketch.Oval(
            new SKPoint(iris.X - lx * 0.40f * size, iris.Y + 0.42f * size), 0.15f * size, 0.15f * size,
            Palette.Fade(SKColors.White, 0.6f * alpha));
        canvas.Restore();
    }
}
