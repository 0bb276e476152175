using System.Runtime.InteropServices;

namespace Locutor.Kernels.Arithmetic;

/// <summary>
/// Switches oneDNN off, which computes libtorch's convolutions and bfloat16 products on a CPU. libtorch has one such switch for the whole
/// process (at::Context), and no other way to avoid oneDNN: while one thread runs <see cref="Without"/>, operations of other threads are
/// correct too, but slower, and they round differently. Tests that compare bits must not run at the same time. The self test therefore uses
/// this path last.
/// </summary>
public static unsafe class OneDnn
{
    private static readonly Lock Switching = new();
    private static readonly Lazy<(nint Context, nint Set)> Symbols = new(Find);
    private static int users;
    private static volatile bool abandoned;

    [ThreadStatic]
    private static int depth;

    /// <summary>Whether operations of this thread may use oneDNN.</summary>
    public static bool IsOn => depth == 0 && !abandoned;

    /// <summary>
    /// Runs an operation without oneDNN. Concurrent calls share the switch; the last one to end switches oneDNN on again.
    /// </summary>
    /// <exception cref="NotSupportedException">This libtorch has no such switch.</exception>
    public static T Without<T>(Func<T> operation)
    {
        Enter();
        try
        {
            return operation();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Switches oneDNN off for the rest of this process.</summary>
    /// <exception cref="NotSupportedException">This libtorch has no such switch.</exception>
    public static void DisableForProcess()
    {
        if (abandoned) return;
        lock (Switching)
            if (users++ == 0) Set(false);
        abandoned = true;
    }

    private static void Enter()
    {
        lock (Switching)
            if (users++ == 0) Set(false);
        depth++;
    }

    private static void Leave()
    {
        depth--;
        lock (Switching)
            if (--users == 0) Set(true);
    }

    private static void Set(bool on)
    {
        var (context, set) = Symbols.Value;
        ((delegate* unmanaged[Cdecl]<nint, byte, void>)set)(((delegate* unmanaged[Cdecl]<nint>)context)(), (byte)(on ? 1 : 0));
    }

    private static (nint Context, nint Set) Find()
    {
        if (NativeLibrary.TryLoad("libtorch_cpu.so", out nint library)
            && NativeLibrary.TryGetExport(library, "_ZN2at13globalContextEv", out nint context)
            && NativeLibrary.TryGetExport(library, "_ZN2at7Context20setUserEnabledMkldnnEb", out nint set))
        {
            return (context, set);
        }

        throw new NotSupportedException("this libtorch has no switch for oneDNN");
    }
}
