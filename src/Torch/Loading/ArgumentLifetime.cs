using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Locutor.Torch.Loading;

/// <summary>
/// Keeps scalars and tensors alive until the native call that reads them ends. TorchSharp 0.107.0 passes a <see cref="Scalar"/> or a tensor
/// by its handle and keeps no reference to it: the <c>2</c> and the <c>a + b</c> of <c>(a + b) * 2</c> are garbage as soon as the native
/// code starts, and a garbage collection on another thread may free them before they are read ("Expected false to be true", "Unknown scalar
/// type", a wrong number or a segmentation fault). This class delays every release by a finalizer, and of every scalar, by some seconds.
/// Tensors that are disposed are freed at once. docs/decisions/argument-lifetime.md has the reasons.
/// </summary>
internal static unsafe partial class ArgumentLifetime
{
    /// <summary>Milliseconds between finalizer and release, far longer than any operator needs to read its arguments.</summary>
    private const long Delay = 10_000;

    private const int ReadWrite = 1 | 2, ReadExecute = 1 | 4;

    private static readonly ConcurrentQueue<(nint Object, bool IsTensor, long Since)> Waiting = new();
    private static delegate* unmanaged[Cdecl]<nint, void> deleteScalar;
    private static delegate* unmanaged[Cdecl]<nint, int> deleteTensor;
    private static int installed;
    private static bool marked; // whether the thread of the finalizers is known

    [ThreadStatic]
    private static bool finalizes; // true on the thread of the finalizers

    /// <summary>Installs the delay when TorchSharp loads its native library; call it before that. It works on x86-64 Linux only.</summary>
    public static void Install()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return;
        if (Interlocked.Exchange(ref installed, 1) == 0) NativeLibrary.SetDllImportResolver(typeof(Scalar).Assembly, Resolve);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name == "LibTorchSharp" && Interlocked.Exchange(ref installed, 2) == 1
            && NativeLibrary.TryLoad(name, assembly, path, out nint library))
        {
            DelayScalars(library);
            DelayTensors(library);
        }

        return 0; // the default search finds it
    }

    private static void DelayScalars(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "THSTorch_dispose_scalar", out nint dispose)
            || !NativeLibrary.TryLoad("libstdc++.so.6", out nint runtime) || !NativeLibrary.TryGetExport(runtime, "_ZdlPv", out nint free))
        {
            return;
        }
        deleteScalar = (delegate* unmanaged[Cdecl]<nint, void>)free;
        Redirect(dispose, (nint)(delegate* unmanaged[Cdecl]<nint, void>)&ReleaseScalar);
    }

    private static void DelayTensors(nint library)
    {
        // The second function is one of libtorch, on which the library depends. It deletes a tensor as the first one does.
        if (!NativeLibrary.TryGetExport(library, "THSTensor_dispose", out nint dispose)
            || !NativeLibrary.TryGetExport(library, "aoti_torch_delete_tensor_object", out nint delete) || !FindFinalizers())
        {
            return;
        }
        deleteTensor = (delegate* unmanaged[Cdecl]<nint, int>)delete;
        Redirect(dispose, (nint)(delegate* unmanaged[Cdecl]<nint, void>)&ReleaseTensor);
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

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReleaseScalar(nint scalar)
    {
        if (scalar != 0) ReleaseLater(scalar, isTensor: false);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReleaseTensor(nint tensor)
    {
        if (tensor == 0) return;
        if (finalizes) ReleaseLater(tensor, isTensor: true);
        else _ = deleteTensor(tensor);
    }

    private static void ReleaseLater(nint garbage, bool isTensor)
    {
        long now = Environment.TickCount64;
        Waiting.Enqueue((garbage, isTensor, now));
        while (Waiting.TryPeek(out var oldest) && now - oldest.Since > Delay && Waiting.TryDequeue(out oldest))
        {
            if (oldest.IsTensor) _ = deleteTensor(oldest.Object);
            else deleteScalar(oldest.Object);
        }
    }

    /// <summary>Marks the thread of the finalizers, which takes a millisecond.</summary>
    private static bool FindFinalizers()
    {
        MakeGarbage();
        for (int attempt = 0; attempt < 10 && !Volatile.Read(ref marked); attempt++)
        {
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
            GC.WaitForPendingFinalizers();
        }
        return Volatile.Read(ref marked);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MakeGarbage() => _ = new Mark();

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint length, int protection);

    private sealed class Mark
    {
        ~Mark()
        {
            finalizes = true;
            Volatile.Write(ref marked, true);
        }
    }
}
