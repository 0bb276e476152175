using System.Globalization;

namespace Locutor.Jobs.Storage;

/// <summary>
/// Keeps a second service out of a data folder with a SQLite database. The system frees the lock when its process ends, however it ends;
/// a file next to it names the holder for people.
/// </summary>
public sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <exception cref="IOException">Another process holds the folder; the message names it.</exception>
    public static FolderLock Take(string folder, TimeProvider time)
    {
        var path = Path.Combine(folder, "serve.lock");
        var holder = Path.Combine(folder, "serve.holder");
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException))
        {
            var who = File.Exists(holder) ? File.ReadAllText(holder).Trim() : "another process";
            throw new IOException(
                $"the data folder {folder} is used by another service ({who}); stop it first, or give this one a folder of its own with --data", exception);
        }
        File.WriteAllText(holder, string.Create(CultureInfo.InvariantCulture,
            $"host {Environment.MachineName}, process {Environment.ProcessId}, since {time.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC\n"));
        return new FolderLock(file);
    }

    public void Dispose() => _file.Dispose();
}
