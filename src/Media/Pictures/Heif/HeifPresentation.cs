using Locutor.Media.Files;
using NetVips;
using static NetVips.Enums;

namespace Locutor.Media.Pictures.Heif;

/// <summary>
/// Prepares a decoded HEIF picture for display: converts its colours to sRGB, then crops, mirrors and rotates it in the order of its
/// properties.
/// </summary>
internal static class HeifPresentation
{
    /// <summary>Returns the colour encoding from the <c>nclx</c> property, if there is one.</summary>
    public static StreamColour Colour(HeifItem tile)
    {
        var colour = tile.Properties.Find(p => p.Type == "colr" && p.Content.AsSpan().StartsWith("nclx"u8));
        if (colour?.Content is not { Length: >= 11 } content)
        {
            return new StreamColour();
        }
        var reader = new BoxReader(content.AsSpan(4));
        int primaries = reader.UInt16(), transfer = reader.UInt16(), matrix = reader.UInt16();
        return new StreamColour
        {
            Primaries = primaries switch { 9 => "bt2020", 11 => "smpte431", 12 => "smpte432", _ => null },
            Transfer = transfer switch { 16 => "smpte2084", 18 => "arib-std-b67", _ => null },
            Matrix = matrix switch { 1 => "bt709", 5 or 6 => "smpte170m", 9 => "bt2020nc", _ => null },
            FullRange = reader.Byte() >> 7 == 1,
        };
    }

    public static Picture Apply(MediaFile file, HeifItem item, HeifItem tile, Picture stored)
    {
        try
        {
            var image = Image.NewFromMemoryCopy<byte>(stored.Rgb, stored.Width, stored.Height, 3, BandFormat.Uchar)
                .Copy(interpretation: Interpretation.Srgb);
            image = Coloured(image, item, tile);
            foreach (var property in item.Properties) image = Applied(image, property);
            using var bytes = image.Cast(BandFormat.Uchar);
            return new Picture(bytes.Width, bytes.Height, bytes.WriteToMemory<byte>());
        }
        catch (VipsException e)
        {
            throw file.Damaged(VipsLoader.Reason(e), e);
        }
    }

    private static Image Coloured(Image image, HeifItem item, HeifItem tile)
    {
        byte[]? profile = (item.Properties.Concat(tile.Properties).FirstOrDefault(
            p => p.Type == "colr" && (p.Content.AsSpan().StartsWith("prof"u8) || p.Content.AsSpan().StartsWith("rICC"u8))))?.Content[4..];
        if (profile is { Length: > 128 })
        {
            using var tagged = image.Mutate(mutable => mutable.Set(GValue.BlobType, "icc-profile-data", profile));
            return ColourManagement.ToSrgb(tagged);
        }
        return Colour(tile) is { Primaries: "smpte432" or "smpte431", Transfer: null }
            ? image.IccTransform("srgb", inputProfile: "p3", intent: Intent.Relative)
            : image;
    }

    private static Image Applied(Image image, HeifProperty property)
    {
        switch (property.Type)
        {
            case "irot" when property.Content.Length >= 1:
                // The stored angle is counter-clockwise.
                return (property.Content[0] & 3) switch { 1 => image.Rot270(), 2 => image.Rot180(), 3 => image.Rot90(), _ => image };
            case "imir" when property.Content.Length >= 1:
                return (property.Content[0] & 1) == 1 ? image.FlipHor() : image.FlipVer();
            case "clap" when property.Content.Length >= 32:
                return Cropped(image, property.Content);
            default:
                return image;
        }
    }

    /// <summary>Crops to the clean aperture: width, height and the offset of its centre from the picture's centre, as fractions.</summary>
    private static Image Cropped(Image image, byte[] content)
    {
        var reader = new BoxReader(content);
        double width = reader.UInt32() / (double)reader.UInt32(), height = reader.UInt32() / (double)reader.UInt32();
        double right = (int)reader.UInt32() / (double)reader.UInt32(), down = (int)reader.UInt32() / (double)reader.UInt32();
        double left = (image.Width - width) / 2 + right, top = (image.Height - height) / 2 + down;
        bool inside = width >= 1 && height >= 1 && left >= -0.5 && top >= -0.5 && left + width <= image.Width + 0.5
            && top + height <= image.Height + 0.5;
        if (!inside) return image; // also if a denominator is 0
        int x = (int)Math.Clamp(Math.Round(left), 0, image.Width - 1), y = (int)Math.Clamp(Math.Round(top), 0, image.Height - 1);
        return image.ExtractArea(
            x, y, Math.Min((int)Math.Round(width), image.Width - x), Math.Min((int)Math.Round(height), image.Height - y));
    }
}
