namespace Locutor.Models.Store;

/// <summary>A file that one process at a time holds open. The system lets go of it when the process ends in any way.</summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream stream;

    private FileLock(FileStream stream) => this.stream = stream;

    /// <summary>Waits for the lock.</summary>
    public static async Task<FileLock> TakeAsync(string path, CancellationToken cancellation)
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
                await Task.Delay(100, cancellation);
            }
        }
    }

    /// <summary>The lock file stays: taking it away would let two processes hold locks of one name.</summary>
    public void Dispose() => stream.Dispose();
}
