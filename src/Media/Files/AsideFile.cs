namespace Locutor.Media.Files;

/// <summary>A file that has a temporary name in the folder of the finished file, and gets its final name when it is complete.</summary>
internal sealed class AsideFile : IDisposable
{
    private readonly string target;
    private bool kept;

    private AsideFile(string target, string path)
    {
        this.target = target;
        Path = path;
    }

    /// <summary>Absolute path of the unfinished file, in the folder of the finished one.</summary>
    public string Path { get; }

    /// <summary>Creates the empty unfinished file, so that an unwritable output is detected before any work is done.</summary>
    /// <exception cref="MediaException">The folder does not exist or is not writable, or the name is that of a folder.</exception>
    public static AsideFile For(string target)
    {
        if (string.IsNullOrEmpty(target) || target.Contains('\0')) throw CannotWrite(target, "not a file name");
        string full = System.IO.Path.GetFullPath(target);
        if (Directory.Exists(full)) throw CannotWrite(target, "is a folder");
        if (!Directory.Exists(System.IO.Path.GetDirectoryName(full))) throw CannotWrite(target, "its folder does not exist");
        string path = $"{full}.{Random.Shared.Next():x8}.part";
        try
        {
            using (new FileStream(path, FileMode.CreateNew, FileAccess.Write)) { }
            return new AsideFile(full, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(target, e.Message, e);
        }
    }

    /// <summary>Renames the file to its final name and replaces an existing file.</summary>
    public void Keep()
    {
        try
        {
            // Keeps the permissions of the replaced file.
            if (File.Exists(target) && !OperatingSystem.IsWindows()) File.SetUnixFileMode(Path, File.GetUnixFileMode(target));
            File.Move(Path, target, overwrite: true);
            kept = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(target, e.Message, e);
        }
    }

    public void Dispose()
    {
        if (!kept) File.Delete(Path);
    }

    public static MediaException CannotWrite(string target, string reason, Exception? inner = null) =>
        new(MediaErrorCodes.OutputFailed, $"{target}: cannot be written ({reason})", inner);
}
