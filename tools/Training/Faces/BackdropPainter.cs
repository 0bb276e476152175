using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints the background of a person once, soft and out of focus.</summary>
internal static class BackdropPainter
{
    public static byte[] Paint(Person person, int width, int height)
    {
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var surface = SKSurface.Create(info);
        var canvas = surface.Canvas;
        float unit = Math.Min(width, height) / 100f;
        canvas.Translate(width / 2f, height / 2f);
        canvas.Scale(unit);
        float halfWidth = width / unit / 2f, halfHeight = height / unit / 2f;
        var backdrop = person.Backdrop;
        using var paint = new SKPaint { IsAntialias = true };
        SKPoint lit = new(person.Light.Side * 40f, -55f), dark = new(-person.Light.Side * 30f, 55f);
        using (var shader = SKShader.CreateLinearGradient(
            lit, dark,
            [backdrop.Top, Palette.Mix(backdrop.Top, backdrop.Bottom, 0.6f), backdrop.Bottom], SKShaderTileMode.Clamp))
        {
            paint.Shader = shader;
            canvas.DrawRect(-halfWidth, -halfHeight, 2f * halfWidth, 2f * halfHeight, paint);
            paint.Shader = null;
        }
        using var soft = SKImageFilter.CreateBlur(1.3f, 1.3f);
        paint.ImageFilter = soft;
        var random = new Random(backdrop.Layout);
        switch (backdrop.Style)
        {
            case BackdropStyle.Bokeh: Bokeh(canvas, paint, backdrop, random); break;
            case BackdropStyle.Window: Window(canvas, paint, person); break;
            case BackdropStyle.Shelf: Shelf(canvas, paint, backdrop, random); break;
            case BackdropStyle.Arch: Arch(canvas, paint, backdrop, random); break;
            default: break;
        }
        paint.ImageFilter = null;
        // A glow behind the head separates it from the wall.
        using var glow = Sketch.GlowOf(Palette.Mix(backdrop.Top, SKColors.White, 0.75f), 0.5f);
        paint.Shader = glow;
        paint.Color = SKColors.Black;
        canvas.Translate(person.Light.Side * 10f, -12f);
        canvas.Scale(58f);
        canvas.DrawRect(-1f, -1f, 2f, 2f, paint);
        byte[] pixels = new byte[info.BytesSize];
        using var map = surface.PeekPixels();
        map.GetPixelSpan().CopyTo(pixels);
        return pixels;
    }

    private static void Bokeh(SKCanvas canvas, SKPaint paint, BackdropTraits backdrop, Random random)
    {
        for (int i = 0; i < 11; i++)
        {
            float x = -55f + 110f * random.NextSingle(), y = -52f + 78f * random.NextSingle(), r = 4f + 9f * random.NextSingle();
            var colour = Palette.Mix(i % 3 == 0 ? backdrop.Accent : backdrop.Top, SKColors.White, 0.25f + 0.4f * random.NextSingle());
            paint.Color = Palette.Fade(colour, 0.22f + 0.3f * random.NextSingle());
            canvas.DrawCircle(x, y, r, paint);
        }
    }

    private static void Window(SKCanvas canvas, SKPaint paint, Person person)
    {
        var backdrop = person.Backdrop;
        float x = person.Light.Side < 0f ? -47f : 15f;
        paint.Color = Palette.Mix(backdrop.Top, SKColors.White, 0.3f);
        canvas.DrawRect(x - 2f, -46f, 36f, 62f, paint);
        paint.Color = Palette.Mix(Palette.Mix(backdrop.Accent, new SKColor(200, 228, 245), 0.7f), SKColors.White, 0.35f);
        canvas.DrawRect(x, -44f, 15f, 27f, paint);
        canvas.DrawRect(x + 17f, -44f, 15f, 27f, paint);
        canvas.DrawRect(x, -15f, 15f, 29f, paint);
        canvas.DrawRect(x + 17f, -15f, 15f, 29f, paint);
        paint.Color = Palette.Fade(Palette.Shift(backdrop.Bottom, -0.08f), 0.6f);
        canvas.DrawRect(-90f, 34f, 180f, 40f, paint);
    }

    private static void Shelf(SKCanvas canvas, SKPaint paint, BackdropTraits backdrop, Random random)
    {
        var wood = Palette.Mix(backdrop.Bottom, new SKColor(112, 76, 52), 0.55f);
        foreach (float y in (ReadOnlySpan<float>)[-26f, 4f])
        {
            for (float x = -52f; x < 50f;)
            {
                float w = 3.5f + 3f * random.NextSingle(), h = 11f + 6f * random.NextSingle();
                if (random.NextSingle() < 0.72f)
                {
                    paint.Color = Palette.Mix(Palette.Cloth[random.Next(Palette.Cloth.Length)], backdrop.Bottom, 0.55f);
                    canvas.DrawRect(x, y - h, w, h, paint);
                }
                x += w + 0.6f;
            }
            paint.Color = wood;
            canvas.DrawRect(-90f, y, 180f, 2.6f, paint);
        }
    }

    private static void Arch(SKCanvas canvas, SKPaint paint, BackdropTraits backdrop, Random random)
    {
        float x = -14f + 28f * random.NextSingle(), r = 30f + 10f * random.NextSingle();
        paint.Color = Palette.Fade(Palette.Mix(backdrop.Accent, SKColors.White, 0.2f), 0.75f);
        canvas.DrawCircle(x, -10f, r, paint);
        canvas.DrawRect(x - r, -10f, 2f * r, 80f, paint);
        paint.Color = Palette.Fade(Palette.Mix(backdrop.Top, SKColors.White, 0.5f), 0.55f);
        canvas.DrawCircle(x < 0f ? 40f : -40f, -34f, 9f, paint);
    }
}
