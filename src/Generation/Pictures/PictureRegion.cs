using Locutor.Media.Pictures;

namespace Locutor.Generation.Pictures;

/// <summary>Cuts regions out of pictures.</summary>
public static class PictureRegion
{
    /// <summary>
    /// Returns a region of a picture; the picture itself if the region is all of it. The region may extend beyond the picture, whose edge
    /// is repeated there.
    /// </summary>
    public static Picture Cut(Picture picture, PixelRegion region)
    {
        if (region == new PixelRegion(0, 0, picture.Height, picture.Width)) return picture;
        int rows = region.Bottom - region.Top, columns = region.Right - region.Left;
        byte[] cut = new byte[3 * rows * columns];
        for (int y = 0, to = 0; y < rows; y++)
        {
            var row = picture.Rgb.AsSpan(3 * picture.Width * Math.Clamp(region.Top + y, 0, picture.Height - 1), 3 * picture.Width);
            for (int x = 0; x < columns; x++, to += 3)
                row.Slice(3 * Math.Clamp(region.Left + x, 0, picture.Width - 1), 3).CopyTo(cut.AsSpan(to));
        }
        return new Picture(columns, rows, cut);
    }
}
