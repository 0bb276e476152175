using System.Globalization;
using System.Runtime.InteropServices;

namespace Locutor.Torch;

/// <summary>
/// Keeps the heap of glibc from growing over a long run. Buffers of tensors leave holes that later ones do not always fit, so new ones go
/// behind the old ones although what is in use does not grow. Where that has happened, the pages of the holes are given back to the system.
/// </summary>
public sealed partial class HostHeap
{
    /// <summary>Growth over the first piece of work that is worth the page faults of using the pages again.</summary>
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

    /// <summary>Bytes of this process that are in memory.</summary>
    private static long Resident() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    private static bool HasTrim() =>
        NativeLibrary.TryLoad("libc.so.6", out nint library) && NativeLibrary.TryGetExport(library, "malloc_trim", out _);

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
