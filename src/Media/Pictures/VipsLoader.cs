using NetVips;
using static NetVips.Enums;

namespace Locutor.Media.Pictures;

/// <summary>Opens a picture with the one libvips loader of its container, so that nothing is guessed from name or content.</summary>
internal static class VipsLoader
{
    static VipsLoader()
    {
        Cache.Max = 0; // pictures are read once; a cache would only keep them in memory
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, static (_, _, _) => { }); // what matters comes as an exception
    }

    public static Image Load(MediaFile file, bool sequential)
    {
        var access = sequential ? Access.Sequential : Access.Random;
        string path = file.FullPath;
        return file.Container.Name switch
        {
            "PNG" => Image.Pngload(path, access: access, failOn: FailOn.Truncated),
            "JPEG" => Image.Jpegload(path, access: access, failOn: FailOn.Truncated),
            "GIF" => Image.Gifload(path, access: access, failOn: FailOn.Truncated),
            "TIFF" => Image.Tiffload(path, access: access, failOn: FailOn.Truncated),
            "WebP" => Image.Webpload(path, access: access, failOn: FailOn.Truncated),
            "AVIF" => Image.Heifload(path, access: access, failOn: FailOn.Truncated),
            _ => throw file.Unsupported($"{file.Container.Name} is not a picture"),
        };
    }

    /// <summary>libvips' own words, without the name of the operation.</summary>
    public static string Reason(VipsException e)
    {
        string[] lines = [.. e.Message.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && !l.StartsWith("unable to call", StringComparison.Ordinal))];
        return lines.Length == 0 ? "no reason given" : lines[0];
    }
}
