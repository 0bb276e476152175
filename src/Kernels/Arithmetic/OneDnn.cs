using System.Runtime.InteropServices;

namespace Locutor.Kernels.Arithmetic;

/// <summary>Switches oneDNN, the library behind libtorch's convolutions and bfloat16 products on a CPU, off for single operations.</summary>
public static unsafe class OneDnn
{
    private static readonly Lock Switching = new();
    private static readonly Lazy<(nint Context, nint Set)> Symbols = new(Find);
    private static int users;
    private static volatile bool abandoned;

    [ThreadStatic]
    private static int depth;

    /// <summary>Whether operations of this thread may go through oneDNN.</summary>
    public static bool IsOn => depth == 0 && !abandoned;

    /// <summary>Runs an operation without oneDNN. The switch is one for the whole process: what other threads compute meanwhile is right too, but slower and with other roundings.</summary>
    /// <exception cref="NotSupportedException">This libtorch does not offer the switch.</exception>
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

    /// <summary>Switches it off for the rest of this process.</summary>
    /// <exception cref="NotSupportedException">This libtorch does not offer the switch.</exception>
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
            && NativeLibrary.TryGetExport(library, "_ZN2at7Context20setUserEnabledMkldnnEb", out nint set)) return (context, set);
        throw new NotSupportedException("this libtorch has no switch for oneDNN");
    }
}
