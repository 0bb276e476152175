using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints hats, headbands and headscarves.</summary>
internal static class HeadwearPainter
{
    public static void Paint(Sketch sketch, Person person, PersonLayers layers, in HeadSpace head)
    {
        float w = person.Head.HalfWidth;
        SKColor colour = person.Extras.HeadwearColour, dark = Palette.Shift(colour, -0.09f);
        switch (person.Extras.Headwear)
        {
            case HeadwearStyle.Beanie: Beanie(sketch, layers, head, w, colour, dark); break;
            case HeadwearStyle.Cap: Cap(sketch, layers, head, w, colour, dark); break;
            case HeadwearStyle.Beret: Beret(sketch, person, layers, head, w, dark); break;
            case HeadwearStyle.Brim: Brim(sketch, person, layers, head, w, colour); break;
            case HeadwearStyle.Headband:
                Band(
                    sketch, head, colour,
                    [
                        new(-w - 0.6f, -9f), new(-0.78f * w, -16.5f, 6f), new(0f, -22.5f, 10f), new(0.78f * w, -16.5f, 6f),
                        new(w + 0.6f, -9f)
                    ],
                    4.2f);
                break;
            case HeadwearStyle.Headscarf: Scarf(sketch, layers, head, w, dark); break;
            default: break;
        }
    }

    /// <summary>Paints the part of a headscarf that covers neck and shoulders.</summary>
    public static void PaintDrape(Sketch sketch, Person person, in HeadSpace head)
    {
        if (person.Extras.Headwear != HeadwearStyle.Headscarf) return;
        var colour = person.Extras.HeadwearColour;
        float rise = 0.8f * head.Breath, w = person.Head.HalfWidth;
        sketch.Canvas.SetMatrix(head.Body);
        sketch.Loop(
            [
                new(-w, 12f), new(-w - 1f, 26f - rise), new(-28f, 41f - rise), new(-22f, 50f), new(0f, 56f), new(22f, 50f),
                new(28f, 41f - rise), new(w + 1f, 26f - rise), new(w, 12f)
            ]).Fill(Palette.Shift(colour, -0.045f));
        var fold = Palette.Fade(Palette.Shift(colour, -0.13f), 0.6f);
        sketch.Curve([new(-17f, 28f), new(-7f, 37f - rise), new(10f, 41f - rise), new(24f, 40f)]).Stroke(fold, 1f);
        sketch.Curve([new(-22f, 34f), new(-9f, 44f - rise), new(6f, 48f)]).Stroke(fold, 1f);
        sketch.Canvas.SetMatrix(head.Head);
    }

    private static void Beanie(Sketch sketch, PersonLayers layers, in HeadSpace head, float w, SKColor colour, SKColor dark)
    {
        Knot[] dome =
        [
            new(-w - 1.2f, -9f), new(-w - 0.6f, -19f), new(-0.72f * w, -28.5f), new(0f, -32.8f), new(0.72f * w, -28.5f),
            new(w + 0.6f, -19f), new(w + 1.2f, -9f), new(0f, -13.5f, 12f)
        ];
        sketch.Loop(sketch.Project(dome, head)).Fill(layers.Hat);
        Knot[] cuff =
        [
            new(-w - 1.6f, -8f, 0f), new(-0.62f * w, -12.6f, 13f), new(0f, -13.8f, 17f), new(0.62f * w, -12.6f, 13f), new(w + 1.6f, -8f, 0f)
        ];
        Band(sketch, head, Palette.Shift(colour, 0.02f), cuff, 7f);
        var rib = Palette.Fade(dark, 0.55f);
        for (int i = -4; i <= 4; i++)
        {
            float x = i * 0.215f * w, y = -13.8f + 0.0135f * x * x, z = 17f - 0.035f * x * x;
            sketch.Line([head.At(x, y - 3f, z), head.At(x, y + 2.9f, z)]).Stroke(rib, 0.9f);
        }
    }

    private static void Cap(Sketch sketch, PersonLayers layers, in HeadSpace head, float w, SKColor colour, SKColor dark)
    {
        Knot[] dome =
        [
            new(-w - 0.9f, -9f), new(-w - 0.2f, -19f), new(-0.66f * w, -28f), new(0f, -31f), new(0.66f * w, -28f), new(w + 0.2f, -19f),
            new(w + 0.9f, -9f), new(0f, -15f, 14f)
        ];
        sketch.Loop(sketch.Project(dome, head)).Fill(layers.Hat);
        sketch.Curve(sketch.Project([new(0f, -31f, 0f), new(0f, -24f, 9f), new(0f, -15f, 15f)], head))
            .Stroke(Palette.Fade(dark, 0.6f), 0.7f);
        Knot[] brim =
        [
            new(-0.97f * w, -11f, 5f), new(-0.62f * w, -16f, 14f), new(0f, -17.4f, 17f), new(0.62f * w, -16f, 14f),
            new(0.97f * w, -11f, 5f), new(0.78f * w, -8.4f, 20f), new(0f, -9.2f, 27f), new(-0.78f * w, -8.4f, 20f)
        ];
        sketch.Loop(sketch.Project(brim, head)).Fill(dark);
        Knot[] edge =
        [
            new(-0.9f * w, -9.4f, 12f), new(-0.72f * w, -9.3f, 20f), new(0f, -10.4f, 27f), new(0.72f * w, -9.3f, 20f),
            new(0.9f * w, -9.4f, 12f)
        ];
        sketch.Curve(sketch.Project(edge, head)).Stroke(Palette.Fade(Palette.Shift(colour, 0.04f), 0.55f), 0.9f);
        sketch.Curve(sketch.Project(
            [
                new(-0.93f * w, -11.6f, 6f), new(-0.6f * w, -15.9f, 14f), new(0f, -17.3f, 17f), new(0.6f * w, -15.9f, 14f),
                new(0.93f * w, -11.6f, 6f)
            ],
            head)).Stroke(Palette.Fade(Palette.Shift(colour, -0.16f), 0.5f), 0.8f);
    }

    private static void Beret(Sketch sketch, Person person, PersonLayers layers, in HeadSpace head, float w, SKColor dark)
    {
        float s = MathF.Sign(person.Hair.Part);
        Knot[] shape =
        [
            new(-s * (w + 0.4f), -14f), new(-s * 0.9f * w, -25f), new(-s * 0.2f * w, -32f), new(s * 0.7f * w, -32.6f),
            new(s * (w + 6f), -26.5f), new(s * (w + 6.6f), -19.5f), new(s * (w + 1f), -14.6f), new(0f, -17.5f, 12f)
        ];
        sketch.Loop(sketch.Project(shape, head)).Fill(layers.Hat);
        Band(
            sketch, head, dark,
            [new(-w - 0.3f, -13.2f), new(-0.6f * w, -17f, 11f), new(0f, -18f, 14f), new(0.6f * w, -17f, 11f), new(w + 0.3f, -13.2f)], 1.9f);
        sketch.Curve(sketch.Project([new(s * 0.1f * w, -32f), new(s * 0.14f * w, -34.4f)], head)).Stroke(dark, 1.1f);
    }

    private static void Brim(Sketch sketch, Person person, PersonLayers layers, in HeadSpace head, float w, SKColor colour)
    {
        Knot[] crown =
        [
            new(-0.92f * w, -14f), new(-0.88f * w, -26f), new(-0.62f * w, -33.5f), new(-0.1f * w, -32.4f), new(0.62f * w, -33.5f),
            new(0.88f * w, -26f), new(0.92f * w, -14f), new(0f, -16f, 12f)
        ];
        sketch.Loop(sketch.Project(crown, head)).Fill(layers.Hat);
        var ribbon = person.Clothes.Second == colour ? Palette.Shift(colour, -0.2f) : person.Clothes.Second;
        Band(
            sketch, head, ribbon,
            [new(-0.92f * w, -17.5f), new(-0.5f * w, -19.2f, 9f), new(0f, -19.6f, 12f), new(0.5f * w, -19.2f, 9f), new(0.92f * w, -17.5f)],
            3.6f);
        Knot[] brim =
        [
            new(-w - 9f, -13.4f, -2f), new(-0.8f * w, -17.4f, 2f), new(0f, -18.2f, 12f), new(0.8f * w, -17.4f, 2f),
            new(w + 9f, -13.4f, -2f), new(0.75f * w, -11.6f, 14f), new(0f, -11.6f, 20f), new(-0.75f * w, -11.6f, 14f)
        ];
        sketch.Loop(sketch.Project(brim, head)).Fill(Palette.Shift(colour, -0.035f));
        sketch.Curve(sketch.Project(
            [
                new(-w - 7f, -13.2f, -1f), new(-0.72f * w, -12.2f, 14f), new(0f, -12.2f, 20f), new(0.72f * w, -12.2f, 14f),
                new(w + 7f, -13.2f, -1f)
            ],
            head)).Stroke(Palette.Fade(Palette.Shift(colour, -0.14f), 0.6f), 0.9f);
    }

    private static void Scarf(Sketch sketch, PersonLayers layers, in HeadSpace head, float w, SKColor dark)
    {
        float chin = layers.Person.Head.ChinY;
        Knot[] outer =
        [
            new(0f, -32.2f), new(0.58f * w, -28.9f), new(w + 0.6f, -18.6f), new(w + 3.6f, -5f), new(w + 3f, 11f), new(0.9f * w, 24f),
            new(0.45f * w, 34f, 4f)
        ];
        Knot[] inner =
        [
            new(0f, -19.6f, 15f), new(0.5f * w, -17f, 13f), new(0.84f * w, -9f, 8f), new(0.935f * w, 2f, 5f), new(0.84f * w, 13f, 7f),
            new(0.52f * w, 22f, 9f), new(0f, chin - 0.2f, 11f)
        ];
        sketch.Start(SKPathFillType.EvenOdd);
        Ring(sketch.Path, head, outer, new Knot(0f, chin + 10f, 5f));
        Ring(sketch.Path, head, inner.AsSpan(0, inner.Length - 1), inner[^1]);
        sketch.Fill(layers.Hat);
        sketch.Start();
        Ring(sketch.Path, head, inner.AsSpan(0, inner.Length - 1), inner[^1]);
        sketch.Stroke(Palette.Fade(dark, 0.75f), 1f);
        var fold = Palette.Fade(dark, 0.5f);
        sketch.Curve(
            sketch.Project([new(-0.3f * w, -30f, 3f), new(-0.86f * w, -20f, 3f), new(-w - 0.6f, -4f), new(-0.98f * w, 14f, 2f)], head))
            .Stroke(fold, 0.8f);
        sketch.Curve(sketch.Project([new(0.3f * w, -30f, 3f), new(0.86f * w, -20f, 3f), new(w + 0.6f, -4f), new(0.98f * w, 14f, 2f)], head))
            .Stroke(fold, 0.8f);
    }

    /// <summary>Returns a closed curve from its right half. The lower points move down with the jaw.</summary>
    private static void Ring(SKPathBuilder path, in HeadSpace head, ReadOnlySpan<Knot> right, Knot bottom)
    {
        int n = right.Length * 2;
        Span<SKPoint> points = stackalloc SKPoint[n];
        for (int i = 0; i < right.Length; i++)
        {
            points[i] = head.At(right[i].X, head.Jaw(right[i].Y), right[i].Z);
            if (i > 0) points[n - i] = head.At(-right[i].X, head.Jaw(right[i].Y), right[i].Z);
        }
        points[right.Length] = head.At(bottom.X, head.Jaw(bottom.Y), bottom.Z);
        path.MoveTo(points[0]);
        for (int i = 0; i < n; i++)
        {
            SKPoint before = points[(i + n - 1) % n], from = points[i], to = points[(i + 1) % n], after = points[(i + 2) % n];
            path.CubicTo(
                from.X + (to.X - before.X) / 6f, from.Y + (to.Y - before.Y) / 6f, to.X - (after.X - from.X) / 6f,
                to.Y - (after.Y - from.Y) / 6f, to.X, to.Y);
        }
        path.Close();
    }

    private static void Band(Sketch sketch, in HeadSpace head, SKColor colour, ReadOnlySpan<Knot> knots, float width)
    {
        sketch.Curve(sketch.Project(knots, head));
        sketch.Stroke(Palette.Shift(colour, -0.05f), width);
        sketch.Canvas.Translate(0f, -0.12f * width);
        sketch.Stroke(Palette.Shift(colour, 0.025f), 0.62f * width);
        sketch.Canvas.Translate(0f, 0.12f * width);
    }
}
