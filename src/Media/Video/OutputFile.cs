using Locutor.Files;
using Locutor.Media.Files;

namespace Locutor.Media.Video;

/// <summary>
/// Destination of a video: a file, which gets its name when it is complete, or a stream (standard output, a named pipe, a character
/// device), which is written directly.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    /// <summary>The path that means standard output.</summary>
    public const string Standard = "-";

    private readonly AsideFile? aside;
    private readonly string target;

    private OutputFile(string target, AsideFile? aside)
    {
        this.target = target;
        this.aside = aside;
    }

    /// <summary>True if bytes are written directly to their destination, so that written bytes cannot be changed.</summary>
    public bool Streams => aside is null;

    /// <summary>Path of the growing file; path of the destination if it <see cref="Streams"/>.</summary>
    public string Path => aside?.Path ?? target;

    /// <summary>Opens the destination. Links are followed: a link is kept and its target is replaced.</summary>
    /// <exception cref="MediaException">The destination cannot be written; the message has the reason.</exception>
    public static OutputFile Open(string target) => new(target, Streaming(target) ? null : AsideFile.For(target));

    /// <summary>True if the destination is a stream.</summary>
    /// <exception cref="MediaException">The destination is a disk or a socket.</exception>
    public static bool Streaming(string target) => target == Standard || FileIdentity.Kind(target) switch
    {
        FileKind.Pipe or FileKind.Device => true,
        FileKind.Disk => throw AsideFile.CannotWrite(target, "is a disk, and writing to it would destroy its contents"),
        FileKind.Socket => throw AsideFile.CannotWrite(target, "is a socket, expected a file or a pipe"),
        _ => false,
    };

    /// <summary>Returns the format for the extension of the name; mp4 for a stream.</summary>
    /// <exception cref="MediaException">The extension is not supported.</exception>
    public static VideoFormat Format(string target) => VideoFormat.ForName(target) ?? (Streaming(target)
        ? VideoFormat.Mp4
        : throw AsideFile.CannotWrite(target, $"expected a name that ends in {VideoFormat.Extensions}"));

    /// <summary>Opens the destination for sequential writing. For a pipe, this waits until another process reads from it.</summary>
    public Stream OpenStream() => target == Standard
        ? StandardOutputStream.Open()
        : new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, Streams ? 0 : 1 << 16);

    /// <summary>Renames a file to its final name; without effect for a stream.</summary>
    public void Keep() => aside?.Keep();

    public void Dispose() => aside?.Dispose();
}
