using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints the shoulders and the clothes.</summary>
internal static class ClothesPainter
{
    public static void Paint(Sketch sketch, Person person, PersonLayers layers, in HeadSpace head)
    {
        var clothes = person.Clothes;
        float rise = 0.9f * head.Breath, n = person.Head.NeckWidth, s = clothes.Shoulders;
        sketch.Canvas.SetMatrix(head.Body);
        sketch.Canvas.Translate(0f, -rise);
        if (clothes.Collar == CollarStyle.Hoodie) Hood(sketch, clothes, n);
        if (clothes.Collar == CollarStyle.Blazer) Shirt(sketch, clothes, n);
        Torso(sketch.Start().Path, clothes.Collar, n, s);
        sketch.Fill(layers.Cloth);
        if (clothes.Pattern != ClothPattern.Plain && clothes.Collar != CollarStyle.Blazer) Pattern(sketch, clothes, n, s);
        Torso(sketch.Start().Path, clothes.Collar, n, s);
        sketch.Fill(layers.ClothLight);
        Collar(sketch, person, clothes, n);
        var seam = Palette.Fade(Palette.Shift(clothes.Colour, -0.1f), 0.5f);
        sketch.Curve([new(-s + 7f, 47f), new(-s + 8.5f, 54f), new(-s + 8f, 64f)]).Stroke(seam, 0.8f);
        sketch.Curve([new(s - 7f, 47f), new(s - 8.5f, 54f), new(s - 8f, 64f)]).Stroke(seam, 0.8f);
    }

    private static void Torso(SKPathBuilder path, CollarStyle collar, float n, float s)
    {
        (float half, float dip) = collar switch
        {
            CollarStyle.Vee => (n + 2.2f, 47f),
            CollarStyle.Scoop => (n + 6f, 45.5f),
            CollarStyle.Blazer => (n + 2f, 60f),
            CollarStyle.Shirt => (n + 1.2f, 39f),
            CollarStyle.Turtleneck => (n + 1.4f, 34f),
            CollarStyle.Hoodie => (n + 3f, 40.5f),
            _ => (n + 2.4f, 39.4f),
        };
        float y = collar == CollarStyle.Scoop ? 35.6f : 32.8f;
        path.MoveTo(-s - 6f, 66f);
        path.CubicTo(-s - 4f, 52f, -s - 2f, 45f, -s + 6f, 42.2f);
        path.CubicTo(-s + 13f, 39.8f, -half - 5f, 37.5f, -half, y);
        if (collar is CollarStyle.Vee or CollarStyle.Blazer)
        {
            path.QuadTo(-0.7f * half, 0.45f * (y + dip), 0f, dip);
            path.QuadTo(0.7f * half, 0.45f * (y + dip), half, y);
        }
        else
        {
            path.CubicTo(-0.8f * half, dip - 0.6f, -0.45f * half, dip + 1f, 0f, dip + 1f);
            path.CubicTo(0.45f * half, dip + 1f, 0.8f * half, dip - 0.6f, half, y);
        }
        path.CubicTo(half + 5f, 37.5f, s - 13f, 39.8f, s - 6f, 42.2f);
        path.CubicTo(s + 2f, 45f, s + 4f, 52f, s + 6f, 66f);
        path.Close();
    }

    private static void Pattern(Sketch sketch, ClothesTraits clothes, float n, float s)
    {
        var canvas = sketch.Canvas;
        canvas.Save();
        canvas.ClipPath(sketch.Shape, SKClipOperation.Intersect, true);
        var colour = Palette.Fade(clothes.Second, 0.85f);
        switch (clothes.Pattern)
        {
            case ClothPattern.Stripes:
                for (float y = 40.5f; y < 60f; y += 5.6f)
                {
                    sketch.Curve([new(-s - 8f, y + 3f), new(-0.4f * s, y - 0.8f), new(0.4f * s, y - 0.8f), new(s + 8f, y + 3f)])
                        .Stroke(colour, 2.1f);
                }
                break;
            case ClothPattern.Yoke:
                var path = sketch.Start().Path;
                path.MoveTo(-s - 9f, 46.5f);
                path.QuadTo(0f, 40.5f, s + 9f, 46.5f);
                path.LineTo(s + 9f, 70f);
                path.LineTo(-s - 9f, 70f);
                path.Close();
                sketch.Fill(colour);
                break;
            default:
                for (int row = 0; row < 4; row++)
                {
                    for (int i = -4; i <= 4; i++) sketch.Oval(new SKPoint(i * 8f + (row % 2) * 4f, 38.5f + 4.6f * row), 1.3f, 1.3f, colour);
                }
                break;
        }
        canvas.Restore();
    }

    private static void Hood(Sketch sketch, ClothesTraits clothes, float n)
    {
        sketch.Loop([new(-n - 9.5f, 38f), new(-n - 6.5f, 29f), new(0f, 25f), new(n + 6.5f, 29f), new(n + 9.5f, 38f), new(0f, 46f)])
            .Fill(Palette.Shift(clothes.Colour, -0.13f));
    }

    private static void Shirt(Sketch sketch, ClothesTraits clothes, float n)
    {
        sketch.Loop(
            [
                new(-n - 2.6f, 33f), new(-0.5f * n, 38.6f), new(0f, 40f), new(0.5f * n, 38.6f), new(n + 2.6f, 33f), new(n + 3f, 64f),
                new(-n - 3f, 64f)
            ]).Fill(ShirtColour(clothes));
    }

    private static SKColor ShirtColour(ClothesTraits clothes) =>
        Palette.Lightness(clothes.Second) > 0.6f ? clothes.Second : new SKColor(242, 238, 232);

    private static void Collar(Sketch sketch, Person person, ClothesTraits clothes, float n)
    {
        SKColor colour = clothes.Colour, dark = Palette.Shift(colour, -0.09f), light = Palette.Shift(colour, 0.04f);
        switch (clothes.Collar)
        {
            case CollarStyle.Shirt:
                Mirrored(
                    sketch, light, dark, [new(-n - 1.8f, 31.4f), new(-0.15f * n, 40.2f), new(-0.5f * n, 46.5f), new(-n - 5.4f, 39.6f)]);
                sketch.Line([new(0f, 41f), new(0f, 60f)]).Stroke(Palette.Fade(dark, 0.7f), 0.8f);
                break;
            case CollarStyle.Blazer:
                Lapels(sketch, clothes, n);
                break;
            case CollarStyle.Turtleneck:
                var path = sketch.Start().Path;
                path.MoveTo(-n - 0.6f, 26.4f);
                path.QuadTo(0f, 31.4f, n + 0.6f, 26.4f);
                path.LineTo(n + 2f, 36f);
                path.QuadTo(0f, 42.5f, -n - 2f, 36f);
                path.Close();
                sketch.Fill(light);
                sketch.Curve([new(-n - 2f, 36f), new(0f, 39.4f), new(n + 2f, 36f)]).Stroke(Palette.Fade(dark, 0.8f), 1f);
                break;
            case CollarStyle.Hoodie:
                sketch.Curve([new(-n - 7.6f, 36.5f), new(-n - 1f, 39.5f), new(0f, 45.4f), new(n + 1f, 39.5f), new(n + 7.6f, 36.5f)])
                    .Stroke(light, 3f);
                sketch.Line([new(-3.6f, 44.6f), new(-4.2f, 54f)]).Stroke(clothes.Second, 1f);
                sketch.Line([new(3.6f, 44.6f), new(4.2f, 54f)]).Stroke(clothes.Second, 1f);
                break;
            case CollarStyle.Vee:
                sketch.Curve([new(-n - 2.2f, 32.8f), new(-0.6f * n, 40.5f), new(0f, 47f)]).Stroke(light, 1.9f);
                sketch.Curve([new(0f, 47f), new(0.6f * n, 40.5f), new(n + 2.2f, 32.8f)]).Stroke(light, 1.9f);
                break;
            default:
                bool scoop = clothes.Collar == CollarStyle.Scoop;
                float half = scoop ? n + 6f : n + 2.4f, dip = scoop ? 46.5f : 40.4f, y = scoop ? 35.6f : 32.8f;
                var band = sketch.Start().Path;
                band.MoveTo(0.5f - half, y + 0.6f);
                band.CubicTo(-0.8f * half, dip - 1.6f, -0.45f * half, dip, 0f, dip);
                band.CubicTo(0.45f * half, dip, 0.8f * half, dip - 1.6f, half - 0.5f, y + 0.6f);
                sketch.Stroke(scoop ? dark : light, scoop ? 0.9f : 2.2f);
                break;
        }
    }

    private static void Lapels(Sketch sketch, ClothesTraits clothes, float n)
    {
        SKColor colour = clothes.Colour, dark = Palette.Shift(colour, -0.09f), light = Palette.Shift(colour, 0.04f);
        var shirt = ShirtColour(clothes);
        Mirrored(
            sketch, shirt, Palette.Shift(shirt, -0.14f),
            [new(-n - 1.6f, 31.6f), new(-0.1f * n, 40f), new(-0.5f * n, 44.6f), new(-n - 2.4f, 36f)]);
        Mirrored(
            sketch, light, dark,
            [
                new(-n - 2.6f, 33f), new(-0.62f * n, 44f), new(0f, 61f), new(-n - 3.5f, 50f), new(-n - 5.6f, 44.5f),
                new(-n - 4.2f, 43f)
            ]);
    }

    private static void Mirrored(Sketch sketch, SKColor colour, SKColor edge, ReadOnlySpan<SKPoint> points)
    {
        Span<SKPoint> all = stackalloc SKPoint[points.Length + 1];
        foreach (float side in (ReadOnlySpan<float>)[1f, -1f])
        {
            for (int i = 0; i <= points.Length; i++) all[i] = new SKPoint(side * points[i % points.Length].X, points[i % points.Length].Y);
            sketch.Line(all).Fill(colour);
            sketch.Stroke(Palette.Fade(edge, 0.8f), 0.6f);
        }
    }
}
