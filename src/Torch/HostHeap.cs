using System.Globalization;
using System.Runtime.InteropServices;

namespace Locutor.Torch;

/// <summary>
/// Keeps the heap of glibc from growing during a long run. Buffers of tensors leave holes that later buffers do not always fit, so the heap
/// grows although the memory in use does not. When that has happened, this class returns the pages of the holes to the system.
/// </summary>
public sealed partial class HostHeap
{
    /// <summary>Growth since the first piece of work beyond which returning pages is worth the page faults of using them again.</summary>
    private const double Slack = 1.06;

    private static readonly bool Available = OperatingSystem.IsLinux() && HasTrim();

    private bool begun;
    private long first; // resident after the first piece

    /// <summary>Call before the first of several equal pieces of work, and after each of them.</summary>
    public void Settle()
    {
        if (!Available) return;
        if (!begun)
        {
            begun = true;
            _ = Trim(0); // holes of earlier work
        }
        else if (first == 0)
        {
            first = Resident();
        }
        else if (Resident() > Slack * first)
        {
            _ = Trim(0);
        }
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
