using Locutor.Media.Pictures;

namespace Locutor.Generation.Pictures;

/// <summary>Cuts regions out of pictures.</summary>
public static class PictureRegion
{
    /// <summary>Returns a region of a picture; the picture itself if the region is all of it.</summary>
    public static Picture Cut(Picture picture, PixelRegion region)
    {
        if (region == new PixelRegion(0, 0, picture.Height, picture.Width)) return picture;
        int rows = region.Bottom - region.Top, length = 3 * (region.Right - region.Left);
        byte[] cut = new byte[rows * length];
        for (int y = 0; y < rows; y++)
        {
            picture.Rgb.AsSpan(3 * ((region.Top + y) * picture.Width + region.Left), length).CopyTo(cut.AsSpan(y * length));
        }
        return new Picture(length / 3, rows, cut);
    }
}
