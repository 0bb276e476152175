using Microsoft.Win32.SafeHandles;

namespace Locutor.Media;

/// <summary>
/// A temporary file for data that do not fit into memory. It has no name, so a killed program leaves no file behind. Its folder is that of
/// TMPDIR, otherwise /var/tmp, because /tmp is in memory on many systems.
/// </summary>
public sealed class ScratchFile : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly string folder;

    /// <summary>Creates an empty file.</summary>
    /// <exception cref="MediaException">The folder is not writable.</exception>
    public ScratchFile()
    {
        folder = Folder();
        string path = Path.Combine(folder, $"locutor-{Guid.NewGuid():N}");
        try
        {
            handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.DeleteOnClose);
            if (!OperatingSystem.IsWindows()) File.Delete(path); // an open file stays readable after it is deleted
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unusable(failure);
        }
    }

    /// <summary>Writes bytes at an offset.</summary>
    /// <exception cref="MediaException">The disk is full.</exception>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(handle, bytes, offset);
        }
        // ArgumentOutOfRangeException is thrown if the system limits the length of files.
        catch (Exception failure) when (failure is IOException or ArgumentOutOfRangeException)
        {
            throw Unusable(failure);
        }
    }

    /// <summary>Fills <paramref name="bytes"/> completely; the range must have been written before.</summary>
    public void Read(long offset, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(handle, bytes, offset);
            if (read == 0) throw new EndOfStreamException($"a temporary file ends at byte {offset}, expected {bytes.Length} more");
            offset += read;
            bytes = bytes[read..];
        }
    }

    public void Dispose() => handle.Dispose();

    private static string Folder() =>
        Environment.GetEnvironmentVariable("TMPDIR") is not { Length: > 0 } && Directory.Exists("/var/tmp")
            ? "/var/tmp"
            : Path.GetTempPath();

    private MediaException Unusable(Exception failure) =>
        new(
            MediaErrorCodes.OutputFailed,
            $"a temporary file in {folder} cannot be written ({failure.Message}); the variable TMPDIR can name another folder", failure);
}
