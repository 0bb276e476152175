using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Locutor.Checkpoints.Files;

/// <summary>
/// A whole file mapped into memory for reading. Every access is checked against the length that the file had when it was opened.
/// </summary>
internal sealed unsafe partial class MappedFile : IDisposable
{
    private const int DontNeed = 4;
    private readonly MemoryMappedFile? file;
    private readonly MemoryMappedViewAccessor? view;

    public MappedFile(string path)
    {
        Path = path;
        try
        {
            if (Directory.Exists(path)) throw new CheckpointException($"{path}: expected a file, found a folder");
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            Length = stream.Length;
            if (Length == 0) return;
            file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, false);
            view = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            byte* start = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            Address = (nint)(start + view.PointerOffset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            Dispose();
            throw new CheckpointException(
                $"{path}: {(e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message)}", e);
        }
    }

    public string Path { get; }

    public long Length { get; }

    /// <summary>Address of the first byte; 0 for an empty file.</summary>
    public nint Address { get; }

    /// <summary>
    /// Returns the bytes from <paramref name="offset"/> on. If the file is too short, the error names <paramref name="what"/>.
    /// </summary>
    public ReadOnlySpan<byte> Slice(long offset, long length, string what)
    {
        if (offset < 0 || length < 0 || offset > Length - length || length > int.MaxValue)
        {
            throw new CheckpointException(
                $"{Path}: {what} needs bytes [{offset}, {(Int128)offset + length}), found a file of {Length} bytes");
        }

        return new ReadOnlySpan<byte>((void*)(Address + (nint)offset), (int)length);
    }

    /// <summary>Releases the memory pages that lie completely within these bytes. Addresses outside the file are ignored.</summary>
    public void Forget(nint address, long length)
    {
        if (!OperatingSystem.IsLinux() || Address == 0 || address < Address || address + length > Address + Length) return;
        long page = Environment.SystemPageSize, first = (address + page - 1) / page * page, end = (address + length) / page * page;
        if (end > first) _ = MAdvise((nint)first, (nuint)(end - first), DontNeed);
    }

    public void Dispose()
    {
        if (Address != 0) view!.SafeMemoryMappedViewHandle.ReleasePointer();
        view?.Dispose();
        file?.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(nint address, nuint length, int advice);
}
