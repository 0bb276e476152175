namespace Locutor.Files;

/// <summary>An empty folder with a name of its own, which is deleted with its files when it is disposed.</summary>
public sealed class TemporaryFolder : IDisposable
{
    private TemporaryFolder(string path) => Path = path;

    /// <summary>Absolute path of the folder.</summary>
    public string Path { get; }

    /// <summary>Creates a folder that only the user of the program may read.</summary>
    /// <param name="parent">The folder in which it is created; null for the system's folder of temporary files.</param>
    /// <param name="name">The beginning of its name; in another parent it should begin with a dot.</param>
    /// <exception cref="TemporaryFileException">The system's folder of temporary files cannot be written.</exception>
    /// <exception cref="IOException">The disk refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The parent must not be written.</exception>
    public static TemporaryFolder Create(string? parent = null, string name = "locutor-")
    {
        string path = System.IO.Path.GetFullPath(
            System.IO.Path.Combine(parent ?? System.IO.Path.GetTempPath(), $"{name}{Random.Shared.NextInt64():x16}"));
        TemporaryFiles.Add(path);
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception failure)
        {
            TemporaryFiles.Remove(path);
            if (parent is null && failure is IOException or UnauthorizedAccessException) throw TemporaryFileException.Create(failure);
            throw;
        }

        return new(path);
    }

    public void Dispose()
    {
        if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
        TemporaryFiles.Remove(Path);
    }
}
