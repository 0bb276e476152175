using Locutor.Media.Pictures;

namespace Locutor.Generation.Conditioning;

/// <summary>The grey values of a picture, which can be read between pixels. Outside, the edge is repeated.</summary>
public sealed class GreyPicture
{
    private readonly float[] values;

    public GreyPicture(Picture picture)
    {
        (Height, Width) = (picture.Height, picture.Width);
        values = new float[Height * Width];
        byte[] rgb = picture.Rgb;
        for (int i = 0; i < values.Length; i++) values[i] = (2 * rgb[3 * i] + 5 * rgb[3 * i + 1] + rgb[3 * i + 2]) / 8f;
    }

    public int Height { get; }

    public int Width { get; }

    /// <summary>Returns the value at a position; the middle of the first pixel is at 0.5.</summary>
    public float At(double x, double y)
    {
        float u = (float)Math.Clamp(x - 0.5, 0, Width - 1), v = (float)Math.Clamp(y - 0.5, 0, Height - 1);
        int left = Math.Min((int)u, Width - 2), top = Math.Min((int)v, Height - 2), i = top * Width + left;
        (u, v) = (u - left, v - top);
        int j = i + Width;
        float above = values[i] + u * (values[i + 1] - values[i]), below = values[j] + u * (values[j + 1] - values[j]);
        return above + v * (below - above);
    }
}
