using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>
/// The data that a renderer caches for one person at one size: the backdrop, the texture of the skin, shapes and gradients.
/// </summary>
internal sealed class PersonLayers : IDisposable
{
    public PersonLayers(Person person, int width, int height)
    {
        Person = person;
        float unit = Math.Min(width, height) / 100f;
        Backdrop = BackdropPainter.Paint(person, width, height);
        Skin = SkinPainter.Texture(person, unit);
        Outline = SkinPainter.Outline(person.Head);
        Hair = HairShape.Create(person);
        var skin = person.Skin;
        var light = person.Light;
        BeardLight = Sketch.GlowOf(Palette.Shift(person.Beard.Colour, 0.11f), 0.6f);
        Highlight = Sketch.GlowOf(Palette.Shift(skin.Light, 0.07f, 0.7f), 0.9f);
        ShadeGlow = Sketch.GlowOf(skin.Deep, 0.62f);
        LipShine = Sketch.GlowOf(Palette.Shift(person.Lips.Colour, 0.17f, 0.75f), 0.75f);
        Iris = Sketch.GlowOf(Palette.Shift(person.Eyes.Iris, Palette.Lightness(person.Eyes.Iris) < 0.42f ? 0.17f : 0.1f, 1.25f), 1f);
        SideLight = SideGradient(person);
        Neck = SKShader.CreateLinearGradient(new SKPoint(0f, 24f), new SKPoint(0f, 46f),
            [Palette.Mix(skin.Base, skin.Shade, 0.75f), skin.Base], SKShaderTileMode.Clamp);
        var hair = person.Hair.Length == HairLength.Buzz ? Palette.Mix(person.Hair.Colour, skin.Deep, 0.3f) : person.Hair.Colour;
        HairFront = SKShader.CreateLinearGradient(new SKPoint(light.Side * 9f, -32f), new SKPoint(-light.Side * 6f, 30f),
            [Palette.Shift(hair, 0.07f, 1.05f), hair, Palette.Shift(hair, -0.055f)], [0f, 0.42f, 1f], SKShaderTileMode.Clamp);
        HairBack = SKShader.CreateLinearGradient(new SKPoint(0f, -20f), new SKPoint(0f, 44f),
            [Palette.Shift(hair, -0.09f), Palette.Shift(hair, -0.055f)], SKShaderTileMode.Clamp);
        HairGlow = Sketch.GlowOf(Palette.Shift(hair, 0.09f), 0.7f);
        SKColor cloth = person.Clothes.Colour, hat = person.Extras.HeadwearColour;
        Cloth = SKShader.CreateLinearGradient(
            new SKPoint(0f, 34f), new SKPoint(0f, 60f), [Palette.Shift(cloth, 0.03f), Palette.Shift(cloth, -0.035f)],
            SKShaderTileMode.Clamp);
        ClothLight = SKShader.CreateLinearGradient(new SKPoint(light.Side * 36f, 40f), new SKPoint(-light.Side * 36f, 48f),
            [
                Palette.Fade(SKColors.White, 0.14f), SKColors.White.WithAlpha(0), SKColors.Black.WithAlpha(0),
                Palette.Fade(new SKColor(20, 12, 40), 0.26f)
            ],
            [0f, 0.4f, 0.5f, 1f], SKShaderTileMode.Clamp);
        Hat = SKShader.CreateLinearGradient(new SKPoint(light.Side * 18f, -34f), new SKPoint(-light.Side * 16f, 4f),
            [Palette.Shift(hat, 0.05f), hat, Palette.Shift(hat, -0.075f)], [0f, 0.5f, 1f], SKShaderTileMode.Clamp);
        HairSheen = Sketch.GlowOf(Palette.Mix(Palette.Shift(hair, 0.17f, 0.95f), new SKColor(255, 244, 230), 0.2f), 0.8f);
    }

    public Person Person { get; }

    /// <summary>The pixels of the backdrop in RGBA.</summary>
    public byte[] Backdrop { get; }

    public SKImage Skin { get; }

    public Knot[] Outline { get; }

    public HairShape Hair { get; }

    public SKShader Highlight { get; }

    public SKShader BeardLight { get; }

    public SKShader ShadeGlow { get; }

    public SKShader LipShine { get; }

    public SKShader Iris { get; }

    public SKShader SideLight { get; }

    public SKShader Neck { get; }

    public SKShader HairFront { get; }

    public SKShader HairBack { get; }

    public SKShader HairSheen { get; }

    public SKShader HairGlow { get; }

    public SKShader Cloth { get; }

    public SKShader ClothLight { get; }

    public SKShader Hat { get; }

    public void Dispose()
    {
        Skin.Dispose();
        foreach (var shader in
                (ReadOnlySpan<SKShader>)[
                    Highlight, BeardLight, ShadeGlow, LipShine, Iris, SideLight, Neck, HairFront, HairBack, HairGlow, HairSheen, Cloth,
                    ClothLight, Hat])
        {
            shader.Dispose();
        }
    }

    /// <summary>Creates the shading of the face: light on one side, shade on the other, and a thin rim of light at the far edge.</summary>
    private static SKShader SideGradient(Person person)
    {
        var light = person.Light;
        float w = person.Head.HalfWidth + 0.6f, strength = light.Contrast, lx = light.Side < 0f ? -1f : 1f;
        var warm = Palette.Mix(new SKColor(226, 236, 255), new SKColor(255, 232, 196), 0.5f + 0.5f * light.Warmth);
        SKColor shade = Palette.Mix(person.Skin.Deep, person.Backdrop.Bottom, 0.15f),
            rim = Palette.Mix(person.Backdrop.Top, SKColors.White, 0.55f);
        return SKShader.CreateLinearGradient(new SKPoint(lx * w, -6f), new SKPoint(-lx * w, 9f),
            [
                Palette.Fade(warm, 0.24f * strength), Palette.Fade(warm, 0.08f * strength), Palette.Fade(warm, 0f),
                Palette.Fade(shade, 0f), Palette.Fade(shade, 0.34f * strength), Palette.Fade(shade, 0.52f * strength),
                Palette.Fade(rim, 0.42f),
            ],
            [0f, 0.22f, 0.45f, 0.50f, 0.72f, 0.93f, 1f], SKShaderTileMode.Clamp);
    }
}
