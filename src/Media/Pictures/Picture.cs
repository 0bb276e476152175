namespace Locutor.Media.Pictures;

/// <summary>An 8-bit RGB picture: rows from the top, 3 bytes per pixel, no padding.</summary>
/// <param name="Width">Width in pixels, at least 1.</param>
/// <param name="Height">Height in pixels, at least 1.</param>
/// <param name="Rgb">Height x Width x 3 bytes.</param>
public sealed record Picture(int Width, int Height, byte[] Rgb)
{
    public int Width { get; } = Width > 0
        ? Width
        : throw new ArgumentOutOfRangeException(nameof(Width), Width, "expected at least 1 pixel");

    public int Height { get; } = Height > 0
        ? Height
        : throw new ArgumentOutOfRangeException(nameof(Height), Height, "expected at least 1 pixel");

    public byte[] Rgb { get; } = Rgb.LongLength == 3L * Width * Height
        ? Rgb
        : throw new ArgumentException($"{Width}x{Height} RGB needs {3L * Width * Height} bytes, found {Rgb.LongLength}", nameof(Rgb));
}
