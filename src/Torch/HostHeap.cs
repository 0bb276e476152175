using System.Globalization;
using System.Runtime.InteropServices;

namespace Locutor.Torch;

/// <summary>
/// Keeps the heap of glibc from growing during a long run. Buffers of tensors leave holes that later buffers do not always fit, so the heap
/// grows although the memory in use does not. When that has happened, this class returns the pages of the holes to the system.
/// </summary>
public sealed partial class HostHeap
{
    /// <summary>
    /// Growth beyond which pages are returned, as a ratio to the memory that one piece of work needs. Pages that are used again cost page
    /// faults, so that returning them after every piece would cost more than it gains.
    /// </summary>
    private const double Slack = 1.06;

    private static readonly bool Available = OperatingSystem.IsLinux() && HasTrim();

    private bool wasTrimmed;
    private long needed; // resident bytes after a piece of work that began without holes

    /// <summary>Call before the first of several equal pieces of work, and after each of them.</summary>
    public void Settle()
    {
        if (!Available) return;
        long resident = Resident();
        if (wasTrimmed) needed = Math.Max(needed, resident);
        wasTrimmed = resident > Slack * needed; // true before the first piece of work, when nothing is known
        if (wasTrimmed) _ = Trim(0);
    }

    /// <summary>
    /// Frees what finished work has left: tensors that only the garbage collector knows, and the pages of holes. Call between long pieces
    /// of work; it takes some milliseconds.
    /// </summary>
    public static void Release()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers(); // they free native memory
        if (Available) _ = Trim(0);
    }

    /// <summary>Returns the resident bytes of this process.</summary>
    private static long Resident() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    private static bool HasTrim() =>
        NativeLibrary.TryLoad("libc.so.6", out nint library) && NativeLibrary.TryGetExport(library, "malloc_trim", out _);

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
