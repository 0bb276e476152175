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
    /// Growth beyond the need of one piece of work above which pages are returned: this number of bytes or this ratio of the need,
    /// whichever is larger. The next piece of work causes a page fault for every returned page that it uses. With small networks, that is a
    /// fifth of the CPU time, so pages are not returned after every piece of work.
    /// </summary>
    private const long SlackBytes = 192L << 20;

    /// <inheritdoc cref="SlackBytes"/>
    private const double SlackRatio = 0.06;

    private static readonly bool Available = OperatingSystem.IsLinux() && HasTrim();

    private long pieces, needed; // needed: resident bytes after a piece of work that began without holes
    private bool wasTrimmed;

    /// <summary>Call before the first of several equal pieces of work, and after each of them.</summary>
    public void Settle()
    {
        if (!Available) return;
        long resident = Resident();
        // The second piece counts too: the first one needs less if each piece runs while the preceding one is finished.
        if (wasTrimmed || pieces is 1 or 2) needed = Math.Max(needed, resident);
        wasTrimmed = pieces++ == 0 || resident > needed + Math.Max(SlackBytes, SlackRatio * needed);
        if (wasTrimmed) _ = Trim(0);
    }

    /// <summary>
    /// Frees the memory of finished work: tensors that wait for the garbage collector, and the pages of holes. Call it between long pieces
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
