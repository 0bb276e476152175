using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>A sheet of pictures of one size in rows and columns, each with a caption.</summary>
public sealed class ContactSheet : IDisposable
{
    private const int Gap = 6;

    private readonly SKSurface surface;
    private readonly SKPaint ink = new() { Color = new SKColor(60, 58, 66) };
    private readonly int columns, width, height, captionHeight, scale;

    /// <param name="width">The width of one picture in pixels.</param>
    /// <param name="height">The height of one picture in pixels.</param>
    public ContactSheet(int columns, int rows, int width, int height)
    {
        if (columns is < 1 or > 200) throw new ArgumentOutOfRangeException(nameof(columns), columns, "expected 1 to 200");
        if (rows is < 1 or > 200) throw new ArgumentOutOfRangeException(nameof(rows), rows, "expected 1 to 200");
        (this.columns, this.width, this.height) = (columns, width, height);
        scale = width >= 180 ? 2 : 1;
        captionHeight = TinyFont.Height * scale + 6;
        surface = SKSurface.Create(new SKImageInfo(
            Gap + columns * (width + Gap), Gap + rows * (height + captionHeight + Gap), SKColorType.Rgba8888, SKAlphaType.Opaque))
            ?? throw new ArgumentException(
                $"a sheet of {columns}x{rows} pictures of {width}x{height} pixels does not fit in memory", nameof(rows));
        surface.Canvas.Clear(new SKColor(246, 244, 240));
    }

    /// <summary>Places a picture at <paramref name="index"/>, counted along the rows.</summary>
    /// <param name="rgb">[height, width, 3] bytes, red first.</param>
    /// <param name="caption">The caption. Letters, digits and . - + / : are drawn. It is cut at the edge of the picture.</param>
    public void Place(int index, ReadOnlySpan<byte> rgb, string caption = "")
    {
        int x = Gap + index % columns * (width + Gap), y = Gap + index / columns * (height + captionHeight + Gap);
        using var bitmap = PortraitPainter.Bitmap(rgb, width, height);
        surface.Canvas.DrawBitmap(bitmap, x, y, new SKSamplingOptions(SKFilterMode.Nearest));
        int fits = width / (TinyFont.Advance * scale);
        TinyFont.Draw(surface.Canvas, ink, caption.Length > fits ? caption[..fits] : caption, x + 1, y + height + 3, scale);
    }

    /// <summary>Encodes the sheet as a PNG file.</summary>
    public byte[] Encode()
    {
        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    /// <summary>Encodes the sheet as a JPEG file, for sheets of large pictures.</summary>
    public byte[] EncodeJpeg()
    {
        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Jpeg, 88);
        return data.ToArray();
    }

    public void Dispose()
    {
        ink.Dispose();
        surface.Dispose();
    }
}
