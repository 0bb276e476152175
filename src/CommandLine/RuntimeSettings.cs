using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Locutor.CommandLine;

/// <summary>
/// Configures the heaps of .NET and of glibc, and the JIT compiler. By default, the garbage collector sizes its youngest generation by the
/// processor's cache, up to hundreds of MiB on a server, so that the memory of a long run grows; here it is small. Networks on a CPU
/// allocate and free large buffers repeatedly. By default, malloc of glibc returns each buffer to the kernel, so that every page of the
/// next buffer causes a page fault, which takes a fifth of the time; here it keeps freed memory. The runtime starts threads, which get
/// their arenas, before the first line of this program, so a call of <c>mallopt</c> would be too late. Therefore the program executes
/// itself once more with environment variables.
/// </summary>
public static unsafe partial class RuntimeSettings
{
    private static readonly (string Variable, string Value)[] Settings =
    [
        ("MALLOC_MMAP_MAX_", "0"), // Large buffers are also allocated on the heap.
        ("MALLOC_TRIM_THRESHOLD_", "100000000000"), // The heap does not shrink.
        ("MALLOC_TOP_PAD_", "67108864"), // The heap grows by 64 MiB at a time.
        ("MALLOC_ARENA_MAX", "1"), // All threads share the freed memory.
        ("DOTNET_GCgen0size", "0x1000000"), // The collector runs after 16 MiB.
        ("DOTNET_GCgen0MaxBudget", "0x1000000"),
        ("DOTNET_GCConserveMemory", "7"), // It compacts a heap of which 30 % are free.
        ("DOTNET_gcConcurrent", "0"), // It has no background thread.
        ("DOTNET_TC_CallCountThreshold", "0x400"), // The JIT compiler optimises a method after 1024 calls.
        ("DOTNET_TC_CallCountingDelayMs", "0"), // Calls are counted from the start.
    ];

    /// <summary>
    /// Applies the settings. A program that runs networks calls this first. Variables that the user has set are not changed, and with a C
    /// library other than glibc it does nothing.
    /// </summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsLinux() || Debugger.IsAttached || !IsGlibc()) return;
        var missing = Settings.Where(setting => Environment.GetEnvironmentVariable(setting.Variable) is null).ToList();
        if (missing.Count == 0) return;
        foreach (var (variable, value) in missing)
            if (SetVariable(variable, value, 1) != 0) return;
        Restart();
    }

    internal static bool IsGlibc() =>
        NativeLibrary.TryLoad("libc.so.6", out nint library) && NativeLibrary.TryGetExport(library, "gnu_get_libc_version", out _);

    /// <summary>
    /// Executes this program again with its arguments, process id and open streams. If the kernel refuses, the program continues as it was
    /// started: without the settings it is slower.
    /// </summary>
    internal static void Restart()
    {
        byte[] line = File.ReadAllBytes("/proc/self/cmdline"); // Every argument ends with a zero byte.
        string program = File.ResolveLinkTarget("/proc/self/exe", returnFinalTarget: true)!.FullName;
        fixed (byte* first = line)
        {
            var arguments = new List<nint>();
            for (int at = 0; at < line.Length; at = Array.IndexOf(line, (byte)0, at) + 1) arguments.Add((nint)(first + at));
            arguments.Add(0);
            fixed (nint* list = arguments.ToArray()) _ = Execute(program, list);
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc.so.6", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, nint* arguments);
}
