using Locutor.Media.Files;
using NetVips;
using static NetVips.Enums;

namespace Locutor.Media.Pictures;

/// <summary>Opens a picture with the libvips loader of its container, so that libvips does not guess from the name or content.</summary>
internal static class VipsLoader
{
    private static readonly string[] General =
    [
        "unable to call", "unable to write to memory", "unable to load from", ": load error", "bad seek to"
    ];

    static VipsLoader()
    {
        Cache.Max = 0; // pictures are read once; a cache would only keep them in memory
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, static (_, _, _) => { }); // errors are thrown as exceptions
    }

    /// <summary>True if libvips reads the container; ffmpeg reads all others.</summary>
    public static bool Reads(MediaContainer container) => container.Name is "PNG" or "JPEG" or "GIF" or "TIFF" or "WebP" or "AVIF";

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

    /// <summary>
    /// Returns the last informative line of a libvips error: earlier lines may belong to another picture that was read at the same time.
    /// </summary>
    public static string Reason(VipsException e)
    {
        string? told = e.Message.Split('\n').Select(line => line.Trim())
            .LastOrDefault(line => line.Length > 0 && !General.Any(part => line.Contains(part, StringComparison.Ordinal)));
        return told ?? "no reason given";
    }
}
