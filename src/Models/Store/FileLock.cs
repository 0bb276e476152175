namespace Locutor.Models.Store;

/// <summary>
/// A lock between processes: a file that one process holds open. The system releases it when the process ends, even if it is killed.
/// </summary>
public sealed class FileLock : IDisposable
{
    private readonly FileStream stream;

    private FileLock(FileStream stream) => this.stream = stream;

    /// <summary>Waits until the lock is free and takes it.</summary>
    public static async Task<FileLock> TakeAsync(string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1));
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(100, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Releases the lock. The lock file is not deleted: otherwise two processes could hold locks on different files of the same name.
    /// </summary>
    public void Dispose() => stream.Dispose();
}
