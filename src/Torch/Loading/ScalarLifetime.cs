using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Locutor.Torch.Loading;

/// <summary>
/// Keeps a scalar alive until the native call that reads it ends. TorchSharp 0.107.0 passes a <see cref="Scalar"/> by its handle and keeps
/// no reference to it: the <c>2</c> of <c>x * 2</c> is garbage as soon as the native code starts, and a garbage collection on another
/// thread may free it before it is read ("Expected false to be true", "Unknown scalar type", or a wrong number). This class delays every
/// release by some seconds. docs/decisions/scalar-lifetime.md has the reasons.
/// </summary>
internal static unsafe partial class ScalarLifetime
{
    /// <summary>Milliseconds between finalizer and release, far longer than any operator needs to read its arguments.</summary>
    private const long Delay = 10_000;

    private const int ReadWrite = 1 | 2, ReadExecute = 1 | 4;

    private static readonly ConcurrentQueue<(nint Scalar, long Since)> Waiting = new();
    private static delegate* unmanaged[Cdecl]<nint, void> delete;
    private static int installed;

    /// <summary>Installs the delay when TorchSharp loads its native library; call it before that. It works on x86-64 Linux only.</summary>
    public static void Install()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return;
        if (Interlocked.Exchange(ref installed, 1) == 0) NativeLibrary.SetDllImportResolver(typeof(Scalar).Assembly, Resolve);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name == "LibTorchSharp" && Interlocked.Exchange(ref installed, 2) == 1
            && NativeLibrary.TryLoad(name, assembly, path, out nint library)
            && NativeLibrary.TryGetExport(library, "THSTorch_dispose_scalar", out nint dispose)
            && NativeLibrary.TryLoad("libstdc++.so.6", out nint runtime) && NativeLibrary.TryGetExport(runtime, "_ZdlPv", out nint free))
        {
            delete = (delegate* unmanaged[Cdecl]<nint, void>)free;
            Redirect(dispose, (nint)(delegate* unmanaged[Cdecl]<nint, void>)&Release);
        }

        return 0; // the default search finds it
    }

    /// <summary>
    /// Writes a jump to <paramref name="target"/> over the first 12 bytes of a function. If the system forbids it, nothing changes.
    /// </summary>
    private static void Redirect(nint function, nint target)
    {
        nint page = Environment.SystemPageSize, start = function / page * page, length = function + 12 - start;
        if (Protect(start, length, ReadWrite) != 0) return;
        byte* code = (byte*)function;
        (code[0], code[1]) = (0x48, 0xB8); // mov rax, target
        *(nint*)(code + 2) = target;
        (code[10], code[11]) = (0xFF, 0xE0); // jmp rax
        if (Protect(start, length, ReadExecute) != 0)
            throw new InvalidOperationException("the code of libLibTorchSharp.so was made writable and cannot be made executable again");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void Release(nint scalar)
    {
        if (scalar == 0) return;
        long now = Environment.TickCount64;
        Waiting.Enqueue((scalar, now));
        while (Waiting.TryPeek(out var oldest) && now - oldest.Since > Delay && Waiting.TryDequeue(out oldest)) delete(oldest.Scalar);
    }

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint length, int protection);
}
