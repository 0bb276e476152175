namespace Locutor.Files;

/// <summary>
/// A file that is written under a temporary name in the folder of the final one, and renamed when it is complete. A reader sees the whole
/// file or none. <see cref="Dispose"/> before <see cref="Commit"/> deletes what was written.
/// </summary>
public sealed class AtomicFile : IDisposable
{
    private readonly bool keepsMode;
    private bool committed;

    private AtomicFile(string target, string path, bool keepsMode) => (Target, Path, this.keepsMode) = (target, path, keepsMode);

    /// <summary>Absolute path of the final file.</summary>
    public string Target { get; }

    /// <summary>Absolute path of the temporary file, in the folder of the final one. Its name ends in <c>.part</c>.</summary>
    public string Path { get; }

    /// <summary>Creates the empty temporary file, so that a folder that cannot be written is found before any work is done.</summary>
    /// <param name="target">Path of the final file; its folder must exist.</param>
    /// <param name="mode">Permissions of the file from its creation on; null for the usual ones, or those of the file that is
    /// replaced.</param>
    /// <exception cref="IOException">The folder does not exist, or the disk refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder must not be written.</exception>
    public static AtomicFile Create(string target, UnixFileMode? mode = null)
    {
        string full = System.IO.Path.GetFullPath(target), path = $"{full}.{Random.Shared.NextInt64():x16}.part";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (mode is { } given && !OperatingSystem.IsWindows()) options.UnixCreateMode = given;
        TemporaryFiles.Add(path);
        try
        {
            using (new FileStream(path, options)) { }
        }
        catch
        {
            TemporaryFiles.Remove(path);
            throw;
        }

        return new(full, path, keepsMode: mode is null);
    }

    /// <summary>Writes a small file in one step.</summary>
    /// <param name="target">Path of the final file, which is replaced if it exists.</param>
    /// <param name="content">All of its bytes.</param>
    /// <param name="durable">True if the file must survive a power failure from now on.</param>
    public static void Write(string target, ReadOnlySpan<byte> content, bool durable = false)
    {
        using var file = Create(target);
        using (var stream = file.Open()) stream.Write(content);
        file.Commit(durable);
    }

    /// <summary>Gives a complete file its final name, which must be on the same file system.</summary>
    /// <param name="written">The complete file, under a name of its own.</param>
    /// <param name="target">The final name. A file of that name is replaced, unless <paramref name="overwrite"/> is false.</param>
    /// <param name="durable">True to flush the file and its folder to the disk, so that a power failure loses neither.</param>
    /// <param name="overwrite">False to fail if the file exists.</param>
    /// <exception cref="IOException">The file exists and must not be replaced, or the disk refuses.</exception>
    public static void Rename(string written, string target, bool durable = false, bool overwrite = true)
    {
        if (durable) Disk.FlushFile(written);
        if (!overwrite && Disk.TryLink(written, target)) File.Delete(written);
        else File.Move(written, target, overwrite);
        if (durable) Disk.FlushFolder(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(target))!);
    }

    /// <summary>Opens the temporary file for writing, from its beginning.</summary>
    public FileStream Open() => new(Path, FileMode.Truncate, FileAccess.Write, FileShare.Read, 1 << 16, FileOptions.Asynchronous);

    /// <summary>Fills the temporary file with the content of another file.</summary>
    /// <param name="source">Path of the file to copy.</param>
    public void CopyFrom(string source)
    {
        using var stream = Open();
        using var from = File.OpenRead(source);
        from.CopyTo(stream);
    }

    /// <summary>Gives the file its final name. All streams on it must be closed.</summary>
    /// <inheritdoc cref="Rename"/>
    public void Commit(bool durable = false, bool overwrite = true)
    {
        if (keepsMode && !OperatingSystem.IsWindows() && File.Exists(Target)) File.SetUnixFileMode(Path, File.GetUnixFileMode(Target));
        Rename(Path, Target, durable, overwrite);
        committed = true;
        TemporaryFiles.Remove(Path);
    }

    /// <summary>Deletes the temporary file unless it was committed.</summary>
    public void Dispose()
    {
        if (committed) return;
        File.Delete(Path);
        TemporaryFiles.Remove(Path);
    }
}
