namespace Locutor.Media;

/// <summary>A file from outside whose container is known and whose size is within the limits.</summary>
/// <param name="Path">As the user gave it, for messages.</param>
/// <param name="FullPath">Absolute, so that no name can be taken for an option or a protocol.</param>
/// <param name="Container">Told by the bytes.</param>
internal sealed record MediaFile(string Path, string FullPath, MediaContainer Container)
{
    /// <exception cref="MediaException">Missing, empty, unreadable, too large, or of an unknown container.</exception>
    public static MediaFile Open(string path, MediaLimits limits)
    {
        if (string.IsNullOrEmpty(path) || path.Contains('\0')) throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: not a file name");
        var file = new FileInfo(path);
        if (Directory.Exists(path)) throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: is a folder, expected a file");
        if (!file.Exists) throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: no such file");
        if (file.Length == 0) throw new MediaException(MediaErrorCodes.UnsupportedMedia, $"{path}: is empty (0 bytes)");
        if (file.Length > limits.MaxFileBytes)
            throw new MediaException(MediaErrorCodes.TooLarge, $"{path}: {file.Length} bytes, expected at most {limits.MaxFileBytes}");
        byte[] header = Header(path, file);
        var container = ContainerSniffer.Sniff(header) ?? throw new MediaException(
            MediaErrorCodes.UnsupportedMedia,
            $"{path}: not a picture, video or sound that can be read (found {ContainerSniffer.Describe(header)})");
        return new MediaFile(path, file.FullName, container);
    }

    /// <summary>ffmpeg's input arguments: only this demuxer, only this local file, no other file or address through it.</summary>
    public IEnumerable<string> InputArguments() =>
        ["-protocol_whitelist", "file,pipe", "-format_whitelist", Container.Demuxer, "-f", Container.Demuxer, "-i", "file:" + FullPath];

    public MediaException Unsupported(string reason, Exception? inner = null) => new(MediaErrorCodes.UnsupportedMedia, $"{Path}: {reason}", inner);

    public MediaException TooLarge(string reason) => new(MediaErrorCodes.TooLarge, $"{Path}: {reason}");

    public MediaException TimedOut(TimeSpan limit) =>
        new(MediaErrorCodes.Timeout, $"{Path}: reading took longer than {limit.TotalSeconds:0.#} s");

    /// <summary>Refuses a picture or frame of no area or beyond the limits, before it is decoded.</summary>
    public void CheckSize(long width, long height, int maxSide, long maxPixels)
    {
        if (width <= 0 || height <= 0) throw Unsupported($"{width}x{height} pixels, expected at least 1x1");
        if (width > maxSide || height > maxSide) throw TooLarge($"{width}x{height} pixels, expected sides of at most {maxSide}");
        if (width * height > maxPixels) throw TooLarge($"{width}x{height} pixels, expected at most {maxPixels} in all");
    }

    private static byte[] Header(string path, FileInfo file)
    {
        try
        {
            using var stream = file.OpenRead();
            byte[] header = new byte[(int)Math.Min(file.Length, ContainerSniffer.HeaderBytes)];
            int read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            return header[..read];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: cannot be read ({e.Message})", e);
        }
    }
}
