using Locutor.Files;

namespace Locutor.Media.Files;

/// <summary>An output file of this project: an <see cref="AtomicFile"/> whose failures are <see cref="MediaException"/>s.</summary>
public sealed class AsideFile : IDisposable
{
    private readonly AtomicFile file;
    private readonly string name;

    private AsideFile(AtomicFile file, string name) => (this.file, this.name) = (file, name);

    /// <summary>Absolute path of the unfinished file, in the folder of the finished one.</summary>
    public string Path => file.Path;

    /// <summary>Creates the empty unfinished file, so that an unwritable output is detected before any work is done.</summary>
    /// <param name="target">Path of the finished file; links are followed, so that a link is kept and its target is replaced.</param>
    /// <exception cref="MediaException">The folder does not exist or is not writable, or the name is that of a folder.</exception>
    public static AsideFile For(string target)
    {
        if (string.IsNullOrEmpty(target) || target.Contains('\0')) throw CannotWrite(target, "not a file name");
        string full = FileIdentity.Final(target);
        if (Directory.Exists(full)) throw CannotWrite(target, "is a folder");
        if (!Directory.Exists(System.IO.Path.GetDirectoryName(full))) throw CannotWrite(target, "its folder does not exist");
        try
        {
            return new AsideFile(AtomicFile.Create(full), target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(target, FileFault.Describe(e), e);
        }
    }

    /// <summary>Writes the whole content of a small file.</summary>
    /// <exception cref="MediaException">The disk refuses.</exception>
    public void Write(ReadOnlySpan<byte> content)
    {
        try
        {
            using var stream = file.Open();
            stream.Write(content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(name, FileFault.Describe(e), e);
        }
    }

    /// <summary>Renames the file to its final name and replaces an existing file.</summary>
    /// <exception cref="MediaException">The disk refuses, or the name is now that of a folder.</exception>
    public void Keep()
    {
        try
        {
            file.Commit();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(name, FileFault.Describe(e), e);
        }
    }

    public void Dispose() => file.Dispose();

    /// <summary>Creates the exception for an output that cannot be written.</summary>
    public static MediaException CannotWrite(string target, string reason, Exception? inner = null) =>
        new(MediaErrorCodes.OutputFailed, $"{target}: cannot be written ({reason})", inner);
}
