using Locutor.Media.Video;

namespace Locutor.Media.Files;

/// <summary>
/// Where a video goes: a file that gets its name only when it is whole, or something that takes bytes as they come (standard output, a
/// named pipe, a character device), which has no other name to be written under.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    /// <summary>The name that stands for standard output.</summary>
    public const string Standard = "-";

    private readonly AsideFile? aside;
    private readonly string target;

    private OutputFile(string target, AsideFile? aside)
    {
        this.target = target;
        this.aside = aside;
    }

    /// <summary>Whether bytes go straight to their destination, so that nothing can be changed once it is written.</summary>
    public bool Streams => aside is null;

    /// <summary>Path of the file while it grows; path of the destination where it <see cref="Streams"/>.</summary>
    public string Path => aside?.Path ?? target;

    /// <summary>Opens the destination; links are followed, so that they stay and lead to the new file.</summary>
    /// <exception cref="MediaException">It cannot be written, with the reason.</exception>
    public static OutputFile Open(string target)
    {
        if (Streaming(target)) return new OutputFile(target, null);
        return new OutputFile(target, AsideFile.For(string.IsNullOrEmpty(target) || target.Contains('\0') ? target : FileIdentity.Final(target)));
    }

    /// <summary>Whether a destination takes bytes as they come.</summary>
    /// <exception cref="MediaException">A disk or a socket.</exception>
    public static bool Streaming(string target) => target == Standard || FileIdentity.Kind(target) switch
    {
        FileKind.Pipe or FileKind.Device => true,
        FileKind.Disk => throw AsideFile.CannotWrite(target, "is a disk, and writing to it would destroy what it holds"),
        FileKind.Socket => throw AsideFile.CannotWrite(target, "is a socket, expected a file or a pipe"),
        _ => false,
    };

    /// <summary>The format that the name asks for; mp4 for a destination without a name of its own.</summary>
    /// <exception cref="MediaException">An extension that is not written.</exception>
    public static VideoFormat Format(string target) => VideoFormat.ForName(target) ?? (Streaming(target)
        ? VideoFormat.Mp4
        : throw AsideFile.CannotWrite(target, $"expected a name that ends in {VideoFormat.Extensions}"));

    /// <summary>For bytes in order. Opening a pipe waits until somebody reads from it.</summary>
    public Stream OpenStream() => target == Standard
        ? Console.OpenStandardOutput()
        : new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, Streams ? 0 : 1 << 16);

    /// <summary>Gives a file its name.</summary>
    public void Keep() => aside?.Keep();

    public void Dispose() => aside?.Dispose();
}
