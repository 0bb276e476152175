using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints face, ears, neck, nose and folds.</summary>
internal static class SkinPainter
{
    /// <summary>Half the side of the square that the texture covers, in head units.</summary>
    private const float TextureReach = 34f;

    /// <summary>Returns the right half of the outline from the crown to the chin.</summary>
    public static Knot[] Outline(HeadTraits head)
    {
        float w = head.HalfWidth, f = head.Forehead, jaw = w * head.Jaw, chin = w * head.Chin;
        Knot[] half =
        [
            new(0f, -27f), new(0.36f * w * f, -25.4f), new(0.69f * w * f, -20.6f), new(0.90f * w * f, -13.4f), new(0.985f * w * f, -5.5f),
            new(w, 2.5f), new(0.55f * w + 0.45f * jaw - 0.15f, 10f), new(jaw - 0.2f, 16.6f), new(0.42f * jaw + 0.62f * chin, 22.8f),
            new(0.62f * chin, head.ChinY - 1.1f), new(0f, head.ChinY),
        ];
        var all = new Knot[half.Length * 2 - 2];
        for (int i = 0; i < half.Length; i++)
        {
            var knot = half[i] with { Z = 1.5f + 8f * HeadSpace.Smooth(2f, 28f, half[i].Y) };
            all[i] = knot;
            if (i > 0 && i < half.Length - 1) all[^i] = knot with { X = -knot.X };
        }
        return all;
    }

    /// <summary>Paints the colour of the face without its features: all soft parts that move with the skin.</summary>
    public static SKImage Texture(Person person, float pixelsPerUnit)
    {
        int size = Math.Clamp((int)(2f * TextureReach * pixelsPerUnit * 1.15f), 32, 1024);
        using var surface = SKSurface.Create(new SKImageInfo(size, size, SKColorType.Rgba8888, SKAlphaType.Premul));
        using var sketch = new Sketch { Canvas = surface.Canvas };
        var canvas = surface.Canvas;
        canvas.Clear(person.Skin.Base);
        canvas.Scale(size / (2f * TextureReach));
        canvas.Translate(TextureReach, TextureReach);
        var skin = person.Skin;
        var head = person.Head;
        float lx = person.Light.Side;
        void Blob(SKColor colour, float alpha, float x, float y, float rx, float ry)
        {
            using var shader = Sketch.GlowOf(colour, alpha);
            sketch.Glow(shader, new SKPoint(x, y), rx, ry);
        }
        var red = Palette.Mix(skin.Base, new SKColor(214, 70, 70), 0.5f);
        Blob(skin.Light, 0.6f, lx * 4f, -14f, 17f, 11f);
        Blob(skin.Shade, 0.55f, 0f, 30f, 24f, 9f);
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            Blob(red, 0.22f + 0.3f * skin.Blush, side * 12.6f, 9.2f, 8f, 6f);
            Blob(skin.Shade, 0.6f, side * person.Eyes.X, person.Eyes.Y - 2.2f, 8f, 5.8f);
            Blob(skin.Light, side * lx > 0 ? 0.75f : 0.3f, side * 12.4f, 5.4f, 6.5f, 4.2f);
            Blob(skin.Deep, 0.30f * skin.Lines, side * person.Eyes.X, person.Eyes.Y + 4f, 5.2f, 1.8f);
        }
        Blob(red, 0.3f, 0f, person.Nose.Length - 0.5f, 5.2f, 4f);
        Blob(skin.Shade, 0.62f, -lx * 3.1f, 3f, 2.7f, 8f);
        Blob(skin.Shade, 0.5f, -lx * 2.8f, person.Nose.Length - 1f, 4f, 3.4f);
        Blob(skin.Light, 0.8f, lx * 0.7f, 2.5f, 2f, 8f);
        Blob(skin.Shade, 0.42f, 0f, person.Nose.Length + 3f, 4.6f, 3f);
        if (person.Beard.Style == BeardStyle.Stubble || person.Hair.Length == HairLength.Buzz) Stubble(person, Blob);
        Marks(person, sketch);
        return surface.Snapshot();
    }

    public static SKMatrix TextureMatrix(int size, in HeadSpace head)
    {
        SKPoint middle = head.On(0f, 2f, -2f), right = head.On(10f, 2f, -2f), below = head.On(0f, 12f, -2f);
        float sx = Math.Max(0.5f, (right.X - middle.X) / 10f), sy = Math.Max(0.5f, (below.Y - middle.Y) / 10f);
        float texel = 2f * TextureReach / size;
        return new SKMatrix(sx * texel, 0f, middle.X - TextureReach * sx, 0f, sy * texel, middle.Y - (TextureReach + 2f) * sy, 0f, 0f, 1f);
    }

    public static void PaintNeck(Sketch sketch, Person person, PersonLayers layers, in HeadSpace head, ReadOnlySpan<SKPoint> face)
    {
        var canvas = sketch.Canvas;
        float n = person.Head.NeckWidth, rise = 0.7f * head.Breath, flare = person.Clothes.Collar == CollarStyle.Turtleneck ? 0f : 2.5f;
        canvas.SetMatrix(head.Body);
        canvas.Save();
        var path = sketch.Start().Path;
        path.MoveTo(-n - 0.6f, 8f);
        path.CubicTo(-n + 0.4f, 22f, -n + 0.2f, 29f - rise, -n - flare, 32.5f - rise);
        path.CubicTo(-n - 2f * flare, 35f - rise, -n - 3f * flare, 38.5f - rise, -n - 3f * flare, 62f);
        path.LineTo(n + 3f * flare, 62f);
        path.CubicTo(n + 3f * flare, 38.5f - rise, n + 2f * flare, 35f - rise, n + flare, 32.5f - rise);
        path.CubicTo(n - 0.2f, 29f - rise, n - 0.4f, 22f, n + 0.6f, 8f);
        path.Close();
        sketch.Fill(layers.Neck);
        canvas.ClipPath(sketch.Shape, SKClipOperation.Intersect, true);
        canvas.SetMatrix(head.Head);
        canvas.Translate(-person.Light.Side * 1.6f, 4.6f);
        sketch.Loop(face).Fill(Palette.Fade(person.Skin.Deep, 0.62f));
        canvas.Restore();
    }

    public static void PaintEars(Sketch sketch, Person person, in HeadSpace head)
    {
        float w = person.Head.HalfWidth, size = person.Head.EarSize;
        Span<SKPoint> points = stackalloc SKPoint[7];
        Span<SKPoint> fold = stackalloc SKPoint[3];
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            float away = Math.Max(0f, side * head.Turn), out1 = 3.5f * size * (1f - 2.6f * away), lit = side * person.Light.Side;
            points[0] = head.At(side * (w - 1.5f), -2.6f, 0f);
            points[1] = head.At(side * (w + 0.62f * out1), -4.2f * size, -1f);
            points[2] = head.At(side * (w + out1), -1.4f, -2f);
            points[3] = head.At(side * (w + 0.82f * out1), 3.4f * size, -1.5f);
            points[4] = head.At(side * (w + 0.3f * out1), 7.6f * size, 0f);
            points[5] = head.At(side * (w - 0.9f), 8.6f * size, 1f);
            points[6] = head.At(side * (w - 2.2f), 3f, 1f);
            sketch.Loop(points).Fill(lit > 0f ? Palette.Mix(person.Skin.Base, person.Skin.Shade, 0.35f) : person.Skin.Shade);
            fold[0] = head.At(side * (w + 0.5f * out1), -2.4f, -1f);
            fold[1] = head.At(side * (w + 0.62f * out1), 0.8f, -1f);
            fold[2] = head.At(side * (w + 0.22f * out1), 4.4f, 0f);
            sketch.Curve(fold).Stroke(Palette.Fade(person.Skin.Deep, 0.55f), 0.9f);
        }
    }

    public static void PaintFace(Sketch sketch, PersonLayers layers, in HeadSpace head, ReadOnlySpan<SKPoint> outline)
    {
        using var texture = layers.Skin.ToShader(SKShaderTileMode.Clamp, SKShaderTileMode.Clamp, new SKSamplingOptions(SKFilterMode.Linear),
            TextureMatrix(layers.Skin.Width, head));
        sketch.Loop(outline).Fill(texture);
        sketch.Fill(layers.SideLight);
    }

    public static void PaintNose(Sketch sketch, Person person, PersonLayers layers, in HeadSpace head)
    {
        var nose = person.Nose;
        var skin = person.Skin;
        float y = nose.Length, w = nose.Width, lx = person.Light.Side;
        Span<SKPoint> points = stackalloc SKPoint[5];
        points[0] = head.On(-w, y + 0.2f, 1.5f);
        points[1] = head.On(-0.55f * w, y + 1.75f, 3f);
        points[2] = head.On(0f, y + 2.1f + 0.6f * nose.Tip, 4f);
        points[3] = head.On(0.55f * w, y + 1.75f, 3f);
        points[4] = head.On(w, y + 0.2f, 1.5f);
        Span<SKPoint> back = stackalloc SKPoint[5];
        back[0] = points[0];
        back[1] = head.On(-0.5f * w, y + 0.5f, 3f);
        back[2] = head.On(0f, y + 0.9f + 0.4f * nose.Tip, 4.5f);
        back[3] = head.On(0.5f * w, y + 0.5f, 3f);
        back[4] = points[4];
        sketch.Curve(points);
        back.Reverse();
        sketch.Curve(back, join: true).Fill(Palette.Fade(skin.Deep, 0.5f));
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            points[0] = head.On(side * 0.86f * w, y - 1.9f, 1.5f);
            points[1] = head.On(side * 1.06f * w, y - 0.5f, 1.3f);
            points[2] = head.On(side * 0.92f * w, y + 0.9f, 1.6f);
            sketch.Curve(points[..3]).Stroke(Palette.Fade(skin.Deep, side * lx < 0f ? 0.6f : 0.42f), 0.7f);
            sketch.Oval(head.On(side * 0.45f * w, y + 1.15f, 3f), 0.27f * w, 0.52f, Palette.Fade(Palette.Shift(skin.Deep, -0.12f), 0.75f));
        }
        sketch.Glow(layers.Highlight, head.On(lx * 0.55f, y - 0.9f, 5.2f), 1.9f, 1.6f, 0.85f);
    }

    /// <summary>Paints the parts that follow the mouth: folds from nose to mouth, dimples and the hollow under the lower lip.</summary>
    public static void PaintFolds(Sketch sketch, Person person, PersonLayers layers, in FacePose pose, in HeadSpace head, MouthShape mouth)
    {
        float smile = Math.Max(0f, pose.Smile), strength = Math.Clamp(0.03f + 0.4f * person.Skin.Lines + 0.32f * smile, 0f, 0.8f);
        Span<SKPoint> fold = stackalloc SKPoint[3];
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            var corner = side < 0f ? mouth.OuterUpper[0] : mouth.OuterUpper[^1];
            var wing = head.On(side * (person.Nose.Width + 1.5f), person.Nose.Length + 0.2f, 0.5f);
            fold[0] = wing;
            fold[2] = new SKPoint(corner.X + side * 2.1f, corner.Y - 0.8f);
            fold[1] = new SKPoint(0.5f * (wing.X + fold[2].X) + side * (1f + 1f * smile), 0.5f * (wing.Y + fold[2].Y) - 0.8f);
            sketch.Curve(fold).Stroke(Palette.Fade(person.Skin.Deep, 0.55f * strength), 0.8f);
            sketch.Glow(layers.ShadeGlow, new SKPoint(corner.X + side * 0.9f, corner.Y), 1.7f, 1.5f, 0.4f + 0.45f * smile);
        }
        var under = mouth.OuterLower[MouthShape.Samples / 2];
        float half = 0.36f * (mouth.OuterLower[^1].X - mouth.OuterLower[0].X);
        sketch.Glow(layers.ShadeGlow, new SKPoint(under.X, under.Y + 1.2f), half + 1f, 1.9f, 0.9f);
        bool bearded = person.Beard.Style is BeardStyle.Goatee or BeardStyle.ShortBeard or BeardStyle.FullBeard;
        var chin = head.At(bearded ? 2.5f * person.Light.Side : 0f, head.Jaw(person.Head.ChinY - 3f), 13f);
        sketch.Glow(bearded ? layers.BeardLight : layers.Highlight, chin, bearded ? 7f : 4.2f, bearded ? 4f : 2.3f, bearded ? 0.8f : 0.3f);
    }

    private static void Stubble(Person person, Action<SKColor, float, float, float, float, float> blob)
    {
        if (person.Beard.Style == BeardStyle.Stubble)
        {
            var colour = Palette.Mix(person.Beard.Colour, person.Skin.Deep, 0.5f);
            float alpha = 0.42f + 0.2f * person.Beard.Weight;
            blob(colour, alpha, 0f, 25f, 20f, 11f);
            blob(colour, alpha * 0.8f, -15f, 18f, 8f, 12f);
            blob(colour, alpha * 0.8f, 15f, 18f, 8f, 12f);
            blob(colour, alpha * 0.7f, 0f, 13.6f, 9f, 2.6f);
        }
    }

    private static void Marks(Person person, Sketch sketch)
    {
        var skin = person.Skin;
        var random = new Random(person.Seed);
        int freckles = (int)(skin.Freckles * 16f);
        for (int i = 0; i < freckles; i++)
        {
            float side = i % 2 == 0 ? -1f : 1f, x = side * (3f + 11f * random.NextSingle()), y = 5.2f + 5.5f * random.NextSingle();
            sketch.Oval(new SKPoint(x, y), 0.5f, 0.45f, Palette.Fade(Palette.Shift(skin.Deep, 0.02f, 1.3f), 0.4f));
        }
        if (skin.Mole > 0)
        {
            (float x, float y) = skin.Mole switch { 1 => (11f, 13f), 2 => (-9.5f, 12f), 3 => (13.5f, 3.5f), _ => (-13f, 8f) };
            sketch.Oval(new SKPoint(x, y), 0.62f, 0.6f, Palette.Fade(Palette.Shift(skin.Deep, -0.12f), 0.85f));
        }
        for (int i = 0; i < 2 && skin.Lines > 0.5f; i++)
        {
            float y = -14.2f + 3f * i;
            Span<SKPoint> line =
            [
                new SKPoint(-7f, y + 0.5f), new SKPoint(-2.5f, y - 0.2f), new SKPoint(2.5f, y - 0.2f), new SKPoint(7f, y + 0.5f)
            ];
            sketch.Curve(line).Stroke(Palette.Fade(skin.Shade, 0.8f * (skin.Lines - 0.4f)), 0.7f);
        }
    }
}
