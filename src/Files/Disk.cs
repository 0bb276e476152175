using System.Runtime.InteropServices;

namespace Locutor.Files;

/// <summary>Flushes files and folders to the disk (<c>fsync</c>).</summary>
internal static partial class Disk
{
    private const int ReadOnly = 0, CloseOnExec = 0x10; // values of the .NET runtime, equal on all Unix systems

    /// <summary>Flushes the content of a file.</summary>
    public static void FlushFile(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>
    /// Flushes a folder's entries to disk, so that a rename survives a power failure. Does nothing on Windows and on file systems that do
    /// not support it.
    /// </summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        nint handle = Open(folder, ReadOnly | CloseOnExec, 0);
        if (handle < 0) return;
        _ = Flush(handle);
        _ = Close(handle);
    }

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int flags, int mode);

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_FSync")]
    private static partial int Flush(nint handle);

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Close")]
    private static partial int Close(nint handle);
}
