using System.Runtime.InteropServices;

namespace Locutor.Kernels.Tests.Compilers;

/// <summary>
/// A GPU kernel compiled for the CPU, so that its results can be tested without a GPU. Its threads run one after the other.
/// </summary>
internal sealed unsafe class HostKernel : IDisposable
{
    private readonly nint library;
    private readonly uint* block;
    private readonly uint* thread;

    public HostKernel(DirectoryInfo folder, KernelVariant variant, string entry)
    {
        library = NativeLibrary.Load(Clang.ToLibrary(folder, variant));
        block = (uint*)NativeLibrary.GetExport(library, "blockIdx");
        thread = (uint*)NativeLibrary.GetExport(library, "threadIdx");
        *(uint*)NativeLibrary.GetExport(library, "blockDim") = 1;
        Function = NativeLibrary.GetExport(library, entry);
    }

    /// <summary>To be called with the kernel's arguments.</summary>
    public nint Function { get; }

    /// <summary>Calls the kernel for every thread of every block.</summary>
    public void Run(long blocks, Action call, int threads = 1)
    {
        for (uint b = 0; b < blocks; b++)
        {
            for (uint t = 0; t < threads; t++)
            {
                *block = b;
                *thread = t;
                call();
            }
        }
    }

    public void Dispose() => NativeLibrary.Free(library);
}
