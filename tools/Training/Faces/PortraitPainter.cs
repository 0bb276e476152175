using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Renders single portraits, with which a new user can start.</summary>
public static class PortraitPainter
{
    /// <summary>Renders the person of <paramref name="seed"/> with a named expression.</summary>
    /// <param name="size">The width and height, 32 to 2048 pixels.</param>
    /// <param name="expression">One of <see cref="Expression.Names"/>.</param>
    /// <returns>[size, size, 3] bytes, red first.</returns>
    public static byte[] Paint(int seed, int size, string expression = "neutral")
    {
        using var renderer = new FaceRenderer(size, size);
        byte[] rgb = new byte[renderer.FrameBytes];
        renderer.Render(Person.Draw(seed), Expression.Named(expression), rgb);
        return rgb;
    }

    /// <summary>Encodes a picture as a PNG file.</summary>
    /// <param name="rgb">[height, width, 3] bytes, red first.</param>
    public static byte[] EncodePng(ReadOnlySpan<byte> rgb, int width, int height)
    {
        using var bitmap = Bitmap(rgb, width, height);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    internal static SKBitmap Bitmap(ReadOnlySpan<byte> rgb, int width, int height)
    {
        if (rgb.Length != width * height * 3)
            throw new ArgumentException($"expected {width * height * 3} bytes for {width}x{height}, found {rgb.Length}", nameof(rgb));
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var to = bitmap.GetPixelSpan();
        for (int i = 0; i < width * height; i++)
        {
            to[4 * i] = rgb[3 * i];
            to[4 * i + 1] = rgb[3 * i + 1];
            to[4 * i + 2] = rgb[3 * i + 2];
            to[4 * i + 3] = 255;
        }
        return bitmap;
    }
}
