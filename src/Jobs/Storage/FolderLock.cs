using System.Globalization;

namespace Locutor.Jobs.Storage;

/// <summary>
/// A lock on a data folder with a SQLite database, so that only one service uses it. The operating system frees the lock when the process
/// ends, also after a crash. A file next to the lock names the holder for people.
/// </summary>
public sealed class FolderLock : IDisposable
{
    private const string HolderName = "serve.holder";

    private readonly FileStream file;

    private FolderLock(FileStream file) => this.file = file;

    /// <exception cref="IOException">Another process holds the folder; the message names it.</exception>
    public static FolderLock Take(string folder, TimeProvider time)
    {
        var file = Open(folder) ?? throw new IOException(
            $"the data folder {folder} is used by another service ({Who(folder)}); stop it first, or give this one a folder of its " +
            "own with --data");
        File.WriteAllText(Path.Combine(folder, HolderName), string.Create(CultureInfo.InvariantCulture,
            $"host {Environment.MachineName}, process {Environment.ProcessId}, since {time.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC\n"));
        return new FolderLock(file);
    }

    /// <summary>Returns who holds the folder, or null when it is free.</summary>
    public static string? HolderOf(string folder)
    {
        using var file = Open(folder);
        return file is null ? Who(folder) : null;
    }

    public void Dispose() => file.Dispose();

    private static FileStream? Open(string folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder, "serve.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException))
        {
            return null;
        }
    }

    private static string Who(string folder) =>
        Path.Combine(folder, HolderName) is var holder && File.Exists(holder) ? File.ReadAllText(holder).Trim() : "another process";
}
