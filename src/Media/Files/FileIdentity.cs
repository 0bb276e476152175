using System.Runtime.InteropServices;

namespace Locutor.Media.Files;

/// <summary>Kind of an entry in the file system.</summary>
public enum FileKind
{
    Missing,
    Regular,
    Folder,

    /// <summary>A character device, such as <c>/dev/null</c> or a terminal.</summary>
    Device,

    /// <summary>A block device.</summary>
    Disk,

    /// <summary>A named pipe, or one made by a shell: <c>&lt;(...)</c>.</summary>
    Pipe,
    Socket,
}

/// <summary>Determines the kind of a file, and whether two names mean the same file.</summary>
public static partial class FileIdentity
{
    private const int TypeMask = 0xF000;

    /// <summary>Returns the kind of the file at a path; links are followed.</summary>
    public static FileKind Kind(string path)
    {
        if (Status(path) is not { } status)
            return Directory.Exists(path) ? FileKind.Folder : File.Exists(path) ? FileKind.Regular : FileKind.Missing;
        return (status.Mode & TypeMask) switch
        {
            0x1000 => FileKind.Pipe,
            0x2000 => FileKind.Device,
            0x6000 => FileKind.Disk,
            0x4000 => FileKind.Folder,
            0xC000 => FileKind.Socket,
            _ => FileKind.Regular,
        };
    }

    /// <summary>True if both names lead to one existing file, by hard or symbolic links, different spellings or different mounts.</summary>
    public static bool Same(string first, string second)
    {
        if (Status(first) is { } a && Status(second) is { } b) return (a.Dev, a.Ino) == (b.Dev, b.Ino);
        return File.Exists(first) && File.Exists(second) && string.Equals(Final(first), Final(second), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// Returns the file at the end of a chain of symbolic links, or the path itself if it is no link. The file need not exist.
    /// </summary>
    public static string Final(string path)
    {
        string full = Path.GetFullPath(path);
        try
        {
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (IOException) // the file does not exist, or the links form a cycle
        {
            return full;
        }
    }

    /// <summary>
    /// Returns a text that all names of one file have in common. A file that does not exist is known by its folder and its name, so that
    /// two names of a new file have the same text too.
    /// </summary>
    public static string Key(string path)
    {
        if (path.Length == 0 || path.Contains('\0')) return path;
        if (Status(path) is { } file) return $"{file.Dev}:{file.Ino}";
        string final = Final(path);
        string name = OperatingSystem.IsLinux() ? final : final.ToUpperInvariant();
        return Status(Path.GetDirectoryName(final) ?? "") is { } folder ? $"{folder.Dev}:{folder.Ino}:{Path.GetFileName(name)}" : name;
    }

    private static FileStatus? Status(string path)
    {
        if (OperatingSystem.IsWindows() || path.Length == 0 || path.Contains('\0')) return null;
        try
        {
            return Stat(path, out var status) == 0 ? status : null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The stat function of the .NET runtime, whose structure is equal on all Unix systems.</summary>
    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(string path, out FileStatus status);

    [StructLayout(LayoutKind.Sequential)]
    private struct FileStatus
    {
        public int Flags;
        public int Mode;
        public uint User;
        public uint Group;
        public long Size;
        public long AccessTime;
        public long AccessNanoseconds;
        public long ChangeTime;
        public long ChangeNanoseconds;
        public long StatusTime;
        public long StatusNanoseconds;
        public long BirthTime;
        public long BirthNanoseconds;
        public long Dev;
        public long DeviceNumber;
        public long Ino;
        public uint UserFlags;
    }
}
