using System.Runtime.InteropServices;

namespace Locutor.Files;

/// <summary>Flushes files and folders to the disk (<c>fsync</c>), and gives files names that are free.</summary>
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

    /// <summary>
    /// Gives a file a second name in one step. <see cref="File.Move(string, string, bool)"/> first looks whether the name is free, and
    /// replaces a file that another process creates in between.
    /// </summary>
    /// <returns>False if this is not possible here: on Windows, and on file systems without hard links.</returns>
    /// <exception cref="IOException">A file of that name exists.</exception>
    public static bool TryLink(string file, string name)
    {
        if (OperatingSystem.IsWindows()) return false;
        if (Link(file, name) == 0) return true;
        if (File.Exists(name)) throw new IOException($"The file '{name}' already exists.");
        return false;
    }

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string file, string name);

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int flags, int mode);

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_FSync")]
    private static partial int Flush(nint handle);

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Close")]
    private static partial int Close(nint handle);
}
