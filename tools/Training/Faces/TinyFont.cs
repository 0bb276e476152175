using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Draws captions with letters of 3 x 5 dots, for machines without fonts.</summary>
internal static class TinyFont
{
    public const int Advance = 4, Height = 5;

    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+/:";

    // Five rows of three dots per letter, top row first, read as octal digits.
    private const string Rows =
        "25755 65656 34443 65556 74647 74644 34553 55755 72227 11152 55655 44447 57755 65555 25552 65644 25563 65655 34216 72222 55557 " +
        "55552 55775 55255 55222 71247 "
        + "75557 26227 61247 61216 55711 74617 34757 71222 75757 75716 00002 00700 02720 11244 02020";

    public static void Draw(SKCanvas canvas, SKPaint paint, string text, int x, int y, int scale)
    {
        foreach (char letter in text.ToUpperInvariant())
        {
            int glyph = Letters.IndexOf(letter);
            for (int row = 0; row < Height && glyph >= 0; row++)
            {
                int dots = Rows[glyph * 6 + row] - '0';
                for (int column = 0; column < 3; column++)
                {
                    if ((dots & (4 >> column)) != 0) canvas.DrawRect(x + column * scale, y + row * scale, scale, scale, paint);
                }
            }
            x += Advance * scale;
        }
    }
}
