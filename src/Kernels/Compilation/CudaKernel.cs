using System.Collections.Concurrent;
using Locutor.Kernels.Devices;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels.Compilation;

/// <summary>
/// One kernel of a CUDA source. It is compiled at its first use, for one device and for constants such as the width of a row. Callers check
/// <see cref="CanRun(Tensor)"/> first, and compute the operation with libtorch if it is false.
/// </summary>
/// <param name="file">Name of the source, for example <c>NormModulate.cu</c>.</param>
/// <param name="entry">Name of the function in the source.</param>
/// <param name="sharedBytes">Bytes of shared memory for each block that the kernel does not declare itself.</param>
/// <param name="hopper">Whether the kernel uses <c>hopper.cuh</c>, so that it runs on compute capability 9.0 alone.</param>
public sealed unsafe class CudaKernel(string file, string entry, int sharedBytes = 0, bool hopper = false)
{
    private readonly ConcurrentDictionary<(int Device, string Constants), nint> functions = new();
    private readonly Lock compiling = new();

    /// <summary>Whether the machine has a CUDA driver and a run-time compiler.</summary>
    public static bool Available => CudaDriver.IsPresent && Nvrtc.Current is not null;

    /// <summary>
    /// Returns whether kernels run on this tensor: bfloat16 or float16 on a GPU where <see cref="GpuPaths.FusedKernels"/> is true, without
    /// gradients.
    /// </summary>
    public static bool CanRun(Tensor x) => IsHalfOnGpu(x) && Available && GpuPaths.For(x.device).FusedKernels;

    /// <summary>Returns whether kernels run on both tensors; they must have the same type.</summary>
    public static bool CanRun(Tensor x, Tensor y) => x.dtype == y.dtype && CanRun(x) && CanRun(y);

    /// <summary>
    /// Returns whether cuDNN's attention supports this query: 16 bits on a GPU, without gradients, a multiple of 8 channels up to 128.
    /// </summary>
    public static bool CanRunAttention(Tensor q) =>
        IsHalfOnGpu(q) && q.shape[^1] <= 128 && q.shape[^1] % 8 == 0 && GpuPaths.For(q.device).CudnnAttention;

    /// <summary>Returns whether the matrix product of x can apply bias and GELU itself.</summary>
    public static bool CanFuseGelu(Tensor x) => IsHalfOnGpu(x) && GpuPaths.For(x.device).GeluInProduct;

    private static bool IsHalfOnGpu(Tensor x) =>
        x.device_type == TorchSharp.DeviceType.CUDA && !TorchOptions.Current.PlainKernels
            && x.dtype is ScalarType.BFloat16 or ScalarType.Float16 && !(is_grad_enabled() && x.requires_grad);

    /// <summary>Submits the kernel to libtorch's current stream; compiles it first if necessary.</summary>
    /// <param name="like">A tensor with the device and the 16-bit type of the kernel's data.</param>
    /// <param name="constants">Constants of the compilation, as lines of <c>#define NAME value</c>; empty for none.</param>
    /// <param name="blocks">Number of blocks; with 0, the kernel is not launched.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="arguments">Pointers to the kernel's arguments, in order.</param>
    public void Launch(Tensor like, string constants, long blocks, int threads, void** arguments)
    {
        if (blocks == 0) return;
        int device = like.device.index;
        string all = $"#define FLOAT16 {(like.dtype == ScalarType.Float16 ? 1 : 0)}\n{constants}";
        CudaDriver.Enter(device);
        CudaDriver.Launch(
            FunctionFor(device, all), checked((uint)blocks), (uint)threads, (uint)sharedBytes, CudaDriver.CurrentStream(device), arguments);
    }

    private nint FunctionFor(int device, string constants)
    {
        if (functions.TryGetValue((device, constants), out nint known)) return known;
        lock (compiling)
        {
            if (functions.TryGetValue((device, constants), out known)) return known;
            var compiler = Nvrtc.Current ?? throw new KernelException("no NVRTC on this machine");
            string source = KernelSources.Read(file, constants, hopper);
            string architecture = hopper
                ? "sm_90a"
                : Nvrtc.Target(
                    compiler.Architectures, CudaDriver.Capability(device),
                    GpuCapability.Read(new Device(TorchSharp.DeviceType.CUDA, device)));
            byte[] cubin = KernelCache.Default.Get(
                source, architecture, compiler.Version, () => compiler.Compile(source, file, architecture));
            nint function = CudaDriver.Function(CudaDriver.LoadModule(cubin), entry);
            if (sharedBytes > 0) CudaDriver.AllowSharedMemory(function, sharedBytes);
            return functions[(device, constants)] = function;
        }
    }
}
