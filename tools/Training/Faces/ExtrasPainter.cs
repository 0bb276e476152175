using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints glasses and earrings.</summary>
internal static class ExtrasPainter
{
    public static void PaintEarrings(Sketch sketch, Person person, in HeadSpace head)
    {
        var extras = person.Extras;
        if (extras.Earrings == EarringStyle.None) return;
        float w = person.Head.HalfWidth, y = 8.4f * person.Head.EarSize;
        SKColor metal = extras.Metal, dark = Palette.Shift(metal, -0.18f);
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            var lobe = head.At(side * (w + 0.5f - 9f * Math.Max(0f, side * head.Turn)), y - 0.6f, 0f);
            switch (extras.Earrings)
            {
                case EarringStyle.Hoop:
                    sketch.Start().Path.AddOval(new SKRect(lobe.X - 2.3f, lobe.Y, lobe.X + 2.3f, lobe.Y + 5.6f));
                    sketch.Stroke(dark, 1.1f);
                    sketch.Stroke(metal, 0.65f);
                    break;
                case EarringStyle.Drop:
                    sketch.Oval(lobe, 0.7f, 0.7f, metal);
                    sketch.Oval(new SKPoint(lobe.X, lobe.Y + 3.4f), 1.2f, 2.3f, dark);
                    sketch.Oval(new SKPoint(lobe.X - 0.2f, lobe.Y + 3.1f), 0.8f, 1.7f, metal);
                    break;
                default:
                    sketch.Oval(lobe, 1.15f, 1.15f, dark);
                    sketch.Oval(new SKPoint(lobe.X - 0.2f, lobe.Y - 0.2f), 0.8f, 0.8f, metal);
                    break;
            }
        }
    }

    public static void PaintGlasses(Sketch sketch, Person person, in HeadSpace head)
    {
        var extras = person.Extras;
        if (extras.Glasses == GlassesStyle.None) return;
        var eyes = person.Eyes;
        bool thin = extras.Glasses == GlassesStyle.Round;
        float rx = extras.Glasses == GlassesStyle.Square ? 7.4f : 7.1f, ry = extras.Glasses == GlassesStyle.Round ? 6.6f : 5.5f,
            width = thin ? 0.8f : 1.25f;
        float power = extras.Glasses switch { GlassesStyle.Round => 1f, GlassesStyle.Cat => 0.78f, _ => 0.62f };
        Span<SKPoint> rim = stackalloc SKPoint[20];
        Span<SKPoint> line = stackalloc SKPoint[3];
        var colour = extras.FrameColour;
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            for (int i = 0; i < rim.Length; i++)
            {
                (float sin, float cos) = MathF.SinCos(i * MathF.Tau / rim.Length);
                float x = rx * MathF.Sign(sin) * MathF.Pow(MathF.Abs(sin), power),
                    y = -ry * MathF.Sign(cos) * MathF.Pow(MathF.Abs(cos), power);
                if (extras.Glasses == GlassesStyle.Cat) y -= 1.5f * HeadSpace.Smooth(1f, 7f, x) * (y < 0f ? 1f : 0.2f);
                rim[i] = head.At(side * (eyes.X + 0.1f + x), eyes.Y + 0.9f + y, 18f - 0.05f * x * x - 0.25f * x);
            }
            sketch.Loop(rim).Fill(new SKColor(235, 245, 255, 26));
            sketch.Stroke(colour, width);
            if (extras.Glasses == GlassesStyle.Browline)
                sketch.Curve([rim[15], rim[17], rim[19], rim[0], rim[1], rim[3], rim[5]]).Stroke(colour, 2.1f);
            line[0] = head.At(side * (eyes.X - 3.6f), eyes.Y + 3.6f, 19f);
            line[1] = head.At(side * (eyes.X - 1.4f), eyes.Y - 0.4f, 19f);
            line[2] = head.At(side * (eyes.X - 0.2f), eyes.Y - 2.8f, 19f);
            sketch.Curve(line).Stroke(new SKColor(255, 255, 255, 70), 1.2f);
            line[0] = rim[5];
            line[1] = head.At(side * (person.Head.HalfWidth - 1f), eyes.Y - 0.6f, 8f);
            line[2] = head.At(side * (person.Head.HalfWidth + 1.2f), eyes.Y - 0.2f, 1f);
            sketch.Curve(line).Stroke(colour, width);
        }
        float inner = eyes.X + 0.1f - rx;
        line[0] = head.At(-inner, eyes.Y - 0.3f, 19.5f);
        line[1] = head.At(0f, eyes.Y - 1.3f, 21f);
        line[2] = head.At(inner, eyes.Y - 0.3f, 19.5f);
        sketch.Curve(line).Stroke(colour, width);
    }
}
