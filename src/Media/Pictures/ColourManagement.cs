using System.Text;
using NetVips;
using static NetVips.Enums;

namespace Locutor.Media.Pictures;

/// <summary>Converts any libvips picture to 8-bit sRGB without transparency.</summary>
internal static class ColourManagement
{
    private const string Profile = "icc-profile-data";
    private const string Interoperability = "exif-ifd4-InteroperabilityIndex";
    private const double NeutralGround = 128;

    /// <summary>
    /// Converts a picture to sRGB. An embedded profile is applied, unless it is sRGB itself; transparent parts are blended with mid grey.
    /// </summary>
    public static Image ToSrgb(Image image)
    {
        if (!image.HasAlpha()) return Colours(image);
        int colours = image.Bands - 1;
        using var alone = image.ExtractBand(0, n: colours);
        using var coloured = Colours(alone);
        using var alpha = Alpha(image.ExtractBand(colours), image.Interpretation);
        using var joined = coloured.Bandjoin(alpha);
        return joined.Flatten([NeutralGround]).Cast(BandFormat.Uchar);
    }

    private static Image Colours(Image image)
    {
        if (IsUntaggedAdobeRgb(image))
        {
            using var tagged = image.Mutate(mutable => mutable.Set(GValue.BlobType, Profile, MatrixProfile.AdobeRgb));
            return Colours(tagged);
        }
        using var converted = image.Contains(Profile) && !IsSrgb((byte[])image.Get(Profile))
            ? WithProfile(image)
            : image.Colourspace(Interpretation.Srgb);
        return converted.Cast(BandFormat.Uchar);
    }

    private static Image WithProfile(Image image)
    {
        try
        {
            return image.IccTransform("srgb", embedded: true, intent: Intent.Relative, blackPointCompensation: true);
        }
        catch (VipsException) // the profile is broken or of another colour space than the picture; viewers ignore it too
        {
            return image.Colourspace(Interpretation.Srgb);
        }
    }

    /// <summary>
    /// Detects Adobe RGB without a profile. Cameras often mark it only by an EXIF interoperability index (DCF 2.0, "option file").
    /// </summary>
    private static bool IsUntaggedAdobeRgb(Image image) =>
        image.Bands == 3 && !image.Contains(Profile) && image.Contains(Interoperability) && image.Get(Interoperability) is string index
            && index.StartsWith("R03", StringComparison.Ordinal);

    /// <summary>Detects the sRGB profile, which most pictures have; a conversion from sRGB to sRGB would only add rounding.</summary>
    private static bool IsSrgb(byte[] profile)
    {
        ReadOnlySpan<byte> start = profile.AsSpan(0, Math.Min(profile.Length, 4096));
        return start.IndexOf("sRGB IEC61966"u8) >= 0 || start.IndexOf(Encoding.BigEndianUnicode.GetBytes("sRGB")) >= 0
            || start.IndexOf("sRGB built-in"u8) >= 0;
    }

    /// <summary>Converts an alpha channel of any range to 0 to 255.</summary>
    private static Image Alpha(Image alpha, Interpretation interpretation)
    {
        using (alpha)
        {
            // CIELab TIFF stores unsigned numbers as signed ones.
            using var positive = alpha.Format == BandFormat.Short ? (alpha < 0).Ifthenelse(alpha + 65536, alpha) : alpha.Copy();
            double most = alpha.Format switch
            {
                BandFormat.Short or BandFormat.Ushort => 65535,
                BandFormat.Float or BandFormat.Double when interpretation == Interpretation.Scrgb => 1,
                _ => 255,
            };
            return (positive * (255 / most)).Cast(BandFormat.Uchar);
        }
    }
}
