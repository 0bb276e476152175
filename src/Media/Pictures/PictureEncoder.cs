using Locutor.Media.Files;
using NetVips;
using static NetVips.Enums;

namespace Locutor.Media.Pictures;

/// <summary>Encodes PNG and JPEG.</summary>
public static class PictureEncoder
{
    public static byte[] EncodePng(Picture picture)
    {
        using var image = Wrap(picture);
        return image.PngsaveBuffer(compression: 6);
    }

    /// <summary>Encodes a picture as JPEG.</summary>
    /// <param name="picture">The picture to encode.</param>
    /// <param name="quality">JPEG quality, 1 to 100.</param>
    public static byte[] EncodeJpeg(Picture picture, int quality = 90)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        using var image = Wrap(picture);
        return image.JpegsaveBuffer(q: quality, optimizeCoding: true);
    }

    /// <summary>
    /// Saves a picture, under a temporary name until it is complete: JPEG if the name ends in .jpg or .jpeg, otherwise PNG.
    /// </summary>
    public static async Task SaveAsync(Picture picture, string path, CancellationToken cancellationToken = default)
    {
        bool jpeg = Path.GetExtension(path).ToUpperInvariant() is ".JPG" or ".JPEG";
        byte[] bytes = jpeg ? EncodeJpeg(picture) : EncodePng(picture);
        using var aside = AsideFile.For(path);
        await File.WriteAllBytesAsync(aside.Path, bytes, cancellationToken).ConfigureAwait(false);
        aside.Keep();
    }

    private static Image Wrap(Picture picture)
    {
        using var raw = Image.NewFromMemoryCopy<byte>(picture.Rgb, picture.Width, picture.Height, 3, BandFormat.Uchar);
        return raw.Copy(interpretation: Interpretation.Srgb);
    }
}
