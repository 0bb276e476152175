using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Colours that match, and mixing of colours in OKLab (Ottosson, "A perceptual color space for image processing", 2020).</summary>
internal static class Palette
{
    public static readonly SKColor[] Skin = Parse("f9dcc8 f5cfb4 efbf9e e4ad87 d69a70 c28659 a86e49 8d593d 744a35 5f3c2c");
    public static readonly SKColor[] DarkHair = Parse("1f1b24 2a1f20 35241f 452c22 57382a");
    public static readonly SKColor[] FairHair = Parse("6d4429 834a2a 95482a b95f31 a8804f cfa565 e3c283 b88b58");
    public static readonly SKColor[] GreyHair = Parse("8e8b8e aba8a8 c9c6c3 e4e1dd 6f6c70");
    public static readonly SKColor[] DyedHair = Parse("df87a6 3e8f98 7f62ad 4a6fb5 c4496b");
    public static readonly SKColor[] DarkIris = Parse("4a2f20 5b3a22 3b2a20 6b4526");
    public static readonly SKColor[] FairIris = Parse("4f7fa8 5f98b8 5d8a63 7d8f4a 8a6a35 6f7f8c 3f6f7a");
    public static readonly SKColor[] Lipstick = Parse("c23a4b b8324f d4556a a13a4a c9625a 8f3044");
    public static readonly SKColor[] Cloth = Parse(
        "2f4858 33658a 86bbd8 f6ae2d f26419 8d5b4c e8d8c3 f4efe6 2b2d42 6d597a b56576 e56b6f 3d5a80 98c1d9 ee6c4d 588157 a3b18a " +
        "344e41 9d4edd 5e548e d4a373 ccd5ae 264653 2a9d8f e9c46a c05746 454955");
    public static readonly SKColor[] Backdrop = Parse(
        "f7c59f 9ad1d4 c8b6e2 b8d8ba f2d388 f0a6a0 a9cdea 8f7aa8 efe3d0 7f98b0 e7b7c8 6fa8a0 d8a48f 5c7c9c b9c6ae f4dcc0 4f5d75 82677c");
    public static readonly SKColor[] Metal = Parse("e7c36a d9dde3 e6b8a2");
    public static readonly SKColor[] Frame = Parse("22222a 3b2a22 7a4a2c 8f2f3c 2f4a66 c8a457 b8bec6");

    public static SKColor Mix(SKColor a, SKColor b, float t)
    {
        (float la, float aa, float ba) = Lab(a);
        (float lb, float ab, float bb) = Lab(b);
        return FromLab(la + (lb - la) * t, aa + (ab - aa) * t, ba + (bb - ba) * t);
    }

    public static SKColor Ramp(ReadOnlySpan<SKColor> colours, float t)
    {
        float at = Math.Clamp(t, 0f, 1f) * (colours.Length - 1);
        int i = Math.Min((int)at, colours.Length - 2);
        return Mix(colours[i], colours[i + 1], at - i);
    }

    /// <summary>
    /// Changes a colour in OKLab: adds <paramref name="lightness"/>, multiplies the chroma by <paramref name="chroma"/>, and turns the
    /// hue by radians.
    /// </summary>
    public static SKColor Shift(SKColor colour, float lightness, float chroma = 1f, float hue = 0f)
    {
        (float l, float a, float b) = Lab(colour);
        (float sin, float cos) = MathF.SinCos(hue);
        return FromLab(l + lightness, (a * cos - b * sin) * chroma, (a * sin + b * cos) * chroma);
    }

    public static float Lightness(SKColor colour) => Lab(colour).L;

    public static SKColor Fade(SKColor colour, float alpha) => colour.WithAlpha((byte)(Math.Clamp(alpha, 0f, 1f) * 255f + 0.5f));

    private static SKColor[] Parse(string list) => [.. list.Split(' ').Select(hex => SKColor.Parse("#" + hex))];

    private static (float L, float A, float B) Lab(SKColor colour)
    {
        float r = Linear(colour.Red), g = Linear(colour.Green), b = Linear(colour.Blue);
        float l = MathF.Cbrt(0.4122215f * r + 0.5363325f * g + 0.0514460f * b);
        float m = MathF.Cbrt(0.2119035f * r + 0.6806995f * g + 0.1073970f * b);
        float s = MathF.Cbrt(0.0883025f * r + 0.2817188f * g + 0.6299787f * b);
        return (0.2104543f * l + 0.7936178f * m - 0.0040720f * s,
            1.9779985f * l - 2.4285922f * m + 0.4505937f * s,
            0.0259040f * l + 0.7827718f * m - 0.8086758f * s);
    }

    private static SKColor FromLab(float l, float a, float b)
    {
        float x = l + 0.3963378f * a + 0.2158038f * b, y = l - 0.1055613f * a - 0.0638542f * b, z = l - 0.0894842f * a - 1.2914855f * b;
        (x, y, z) = (x * x * x, y * y * y, z * z * z);
        return new SKColor(
            Gamma(4.0767417f * x - 3.3077116f * y + 0.2309699f * z),
            Gamma(-1.2684380f * x + 2.6097574f * y - 0.3413194f * z),
            Gamma(-0.0041961f * x - 0.7034186f * y + 1.7076147f * z));
    }

    private static float Linear(byte value)
    {
        float v = value / 255f;
        return v <= 0.04045f ? v / 12.92f : MathF.Pow((v + 0.055f) / 1.055f, 2.4f);
    }

    private static byte Gamma(float v)
    {
        v = Math.Clamp(v, 0f, 1f);
        return (byte)((v <= 0.0031308f ? v * 12.92f : 1.055f * MathF.Pow(v, 1f / 2.4f) - 0.055f) * 255f + 0.5f);
    }
}
