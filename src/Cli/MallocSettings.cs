using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Locutor.Cli;

/// <summary>
/// Makes glibc's malloc keep the memory that it has. Networks on a CPU allocate and free the same large buffers again and again; by default
/// glibc returns each of them to the kernel, so that every page of the next buffer is a page fault, and a fifth of the time is lost.
/// Threads get their arena when they start, and the runtime has started several before this program's first line: <c>mallopt</c> comes too
/// late for them. So the program replaces itself by itself, once, with the variables that malloc reads at its start.
/// </summary>
internal static unsafe partial class MallocSettings
{
    private static readonly (string Variable, string Value)[] Settings =
    [
        ("MALLOC_MMAP_MAX_", "0"), // large buffers come from the heap too
        ("MALLOC_TRIM_THRESHOLD_", "100000000000"), // the heap does not shrink
        ("MALLOC_TOP_PAD_", "67108864"), // it grows by 64 MiB at a time
        ("MALLOC_ARENA_MAX", "1"), // all threads share what was freed
    ];

    /// <summary>Call first in a program that runs networks. Returns where there is nothing to do: a variable that the user set stays as it is, and other C libraries than glibc have no such settings.</summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsLinux() || Debugger.IsAttached || !IsGlibc()) return;
        var missing = Settings.Where(setting => Environment.GetEnvironmentVariable(setting.Variable) is null).ToList();
        if (missing.Count == 0) return;
        foreach (var (variable, value) in missing)
            if (SetVariable(variable, value, 1) != 0) return;
        Restart();
    }

    private static bool IsGlibc() => NativeLibrary.TryLoad("libc.so.6", out nint library) && NativeLibrary.TryGetExport(library, "gnu_get_libc_version", out _);

    /// <summary>The same program, arguments, process number and open streams. Where the kernel refuses, the program goes on as it is, slower.</summary>
    private static void Restart()
    {
        byte[] line = File.ReadAllBytes("/proc/self/cmdline"); // every argument ends with a 0
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
