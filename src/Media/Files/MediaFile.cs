using Locutor.Media.Sniffing;

namespace Locutor.Media.Files;

/// <summary>An untrusted file whose container is known and whose size is within the limits.</summary>
/// <param name="Path">Path as the user gave it, for messages.</param>
/// <param name="FullPath">Absolute path, which cannot be mistaken for an option or a protocol.</param>
/// <param name="Container">Container, detected by the bytes.</param>
/// <param name="Zeros">Number of zero bytes before the container.</param>
internal sealed record MediaFile(string Path, string FullPath, MediaContainer Container, long Zeros = 0)
{
    private const long MostZeros = 64 << 20;

    /// <summary>Opens a file and detects its container.</summary>
    /// <exception cref="MediaException">The file is missing, empty, unreadable, too large, or of an unknown container.</exception>
    public static MediaFile Open(string path, MediaLimits limits)
    {
        if (string.IsNullOrEmpty(path) || path.Contains('\0'))
            throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: not a file name");
        var file = new FileInfo(path);
        if (Refusal(FileIdentity.Kind(path)) is { } refusal) throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: {refusal}");
        if (!file.Exists) throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: no such file");
        if (file.Length == 0) throw new MediaException(MediaErrorCodes.UnsupportedMedia, $"{path}: is empty (0 bytes)");
        if (file.Length > limits.MaxFileBytes)
            throw new MediaException(MediaErrorCodes.TooLarge, $"{path}: {file.Length} bytes, expected at most {limits.MaxFileBytes}");
        var (header, zeros) = Header(path, file);
        var container = ContainerSniffer.Sniff(header);
        // Only these formats may start anywhere.
        if (zeros > 0 && container != MediaContainer.Mp3 && container != MediaContainer.Aac) container = null;
        return container is not null ? new MediaFile(path, file.FullName, container, zeros) : throw new MediaException(
            MediaErrorCodes.UnsupportedMedia,
            $"{path}: not a picture, video or sound that can be read (found {ForeignKinds.Describe(header)})");
    }

    /// <summary>
    /// Returns the input arguments for ffmpeg. They allow only this demuxer and local files, so the file cannot make ffmpeg open another
    /// file or an address.
    /// </summary>
    public IEnumerable<string> InputArguments() =>
        [
            "-protocol_whitelist", "file,pipe", "-format_whitelist", Container.Demuxer, "-f", Container.Demuxer, .. Container.Options,
            .. Zeros > 0 ? (string[])["-skip_initial_bytes", $"{Zeros}"] : [], "-i", "file:" + FullPath,
        ];

    /// <summary>Creates the error for a file that the decoder refused.</summary>
    public MediaException Damaged(string reason, Exception? inner = null) => Unsupported(
        Truncation.IsCut(this)
            ? $"the file is incomplete, as after an interrupted download: get it again ({Container.Name}: {reason})"
            : $"damaged {Container.Name}, or an unsupported variant of it ({reason})",
        inner);

    public MediaException Unsupported(string reason, Exception? inner = null) =>
        new(MediaErrorCodes.UnsupportedMedia, $"{Path}: {reason}", inner);

    public MediaException TooLarge(string reason) => new(MediaErrorCodes.TooLarge, $"{Path}: {reason}");

    public MediaException TimedOut(TimeSpan limit) =>
        new(MediaErrorCodes.Timeout, $"{Path}: reading took longer than {limit.TotalSeconds:0.#} s");

    /// <summary>Refuses a picture or frame that is empty or exceeds the limits, before it is decoded.</summary>
    public void CheckSize(long width, long height, int maxSide, long maxPixels)
    {
        if (width <= 0 || height <= 0) throw Unsupported($"{width}x{height} pixels, expected at least 1x1");
        if (width > maxSide || height > maxSide) throw TooLarge($"{width}x{height} pixels, expected sides of at most {maxSide}");
        if (width * height > maxPixels) throw TooLarge($"{width}x{height} pixels, expected at most {maxPixels} in all");
    }

    private static string? Refusal(FileKind kind) => kind switch
    {
        FileKind.Folder => "is a folder, expected a file",
        FileKind.Pipe => "is a pipe, which can be read only once: copy it into a file first",
        FileKind.Device or FileKind.Disk => "is a device, expected a file",
        FileKind.Socket => "is a socket, expected a file",
        _ => null,
    };

    /// <summary>Reads the first bytes of the file; leading zeros are skipped.</summary>
    private static (byte[] Header, long Zeros) Header(string path, FileInfo file)
    {
        try
        {
            using var stream = file.OpenRead();
            byte[] header = Read(stream);
            if (header[0] != 0 || header.AsSpan().ContainsAnyExcept((byte)0) && header.AsSpan().IndexOfAnyExcept((byte)0) < 64)
                return (header, 0);
            long zeros = 0;
            byte[] part = header;
            while (part.Length > 0 && zeros < MostZeros && !part.AsSpan().ContainsAnyExcept((byte)0))
            {
                zeros += part.Length;
                part = Read(stream);
            }
            if (part.Length == 0 || zeros >= MostZeros) return (header, 0);
            zeros += part.AsSpan().IndexOfAnyExcept((byte)0);
            stream.Position = zeros;
            return (Read(stream), zeros);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: cannot be read ({e.Message})", e);
        }
    }

    private static byte[] Read(FileStream stream)
    {
        byte[] bytes = new byte[(int)Math.Min(stream.Length - stream.Position, ContainerSniffer.HeaderBytes)];
        return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }
}
