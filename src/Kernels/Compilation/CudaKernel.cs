using System.Collections.Concurrent;
using Locutor.Kernels.Devices;
using Locutor.Torch.Cuda;
using Locutor.Torch.Loading;
using static TorchSharp.torch;

namespace Locutor.Kernels.Compilation;

/// <summary>
/// One kernel of one file, compiled for a device, and for constants such as the width of a row, at its first use. Where there is no compiler or no GPU <see cref="On"/> says so and the
/// caller takes its plain path.
/// </summary>
/// <param name="file">Such as <c>NormModulate.cu</c>.</param>
/// <param name="entry">Name of the function in it.</param>
/// <param name="sharedBytes">Shared memory of a block that the kernel does not declare itself.</param>
/// <param name="hopper">Whether the kernel uses <c>hopper.cuh</c>, so that it runs on compute capability 9.0 alone.</param>
public sealed unsafe class CudaKernel(string file, string entry, int sharedBytes = 0, bool hopper = false)
{
    /// <summary>Set to 1, every operation takes its plain path.</summary>
    public const string OffVariable = "LOCUTOR_PLAIN_KERNELS";

    private static readonly Lazy<Nvrtc?> Compiler = new(() => Nvrtc.Find(Environment.GetEnvironmentVariable(TorchLibraries.FolderVariable)));
    private readonly ConcurrentDictionary<(int Device, string Constants), nint> functions = new();
    private readonly Lock compiling = new();

    /// <summary>False makes every operation of this process take its plain path; for comparisons.</summary>
    public static bool Enabled { get; set; } = Environment.GetEnvironmentVariable(OffVariable) is not "1";

    /// <summary>Version of the compiler, or why there is none.</summary>
    public static string CompilerVersion => Compiler.Value is { } compiler ? $"NVRTC {compiler.Version}" : "no NVRTC";

    /// <summary>Whether there are a driver and a compiler.</summary>
    public static bool Available => CudaDriver.IsPresent && Compiler.Value is not null;

    /// <summary>Whether kernels run on that tensor: bfloat16 or float16 on a GPU whose <see cref="GpuPaths"/> has them, and no gradient asked for.</summary>
    public static bool Takes(Tensor x) => IsHalfOnGpu(x) && Available && GpuPaths.For(x.device).FusedKernels;

    /// <summary>Whether kernels run on both tensors, which are of one type.</summary>
    public static bool Takes(Tensor x, Tensor y) => x.dtype == y.dtype && Takes(x) && Takes(y);

    /// <summary>Whether cuDNN's attention runs on that query: bfloat16 or float16 on a GPU that has it, no gradient asked for, heads of up to 128 channels in eights.</summary>
    public static bool TakesAttention(Tensor q) => IsHalfOnGpu(q) && q.shape[^1] <= 128 && q.shape[^1] % 8 == 0 && GpuPaths.For(q.device).CudnnAttention;

    /// <summary>Whether bias and GELU are part of the product that reads x.</summary>
    public static bool TakesGelu(Tensor x) => IsHalfOnGpu(x) && GpuPaths.For(x.device).GeluInProduct;

    private static bool IsHalfOnGpu(Tensor x) =>
        Enabled && x.device_type == TorchSharp.DeviceType.CUDA && x.dtype is ScalarType.BFloat16 or ScalarType.Float16 && !(is_grad_enabled() && x.requires_grad);

    /// <param name="like">A tensor of the device and of the 16-bit type of what the kernel reads and writes.</param>
    /// <param name="constants">What the text is compiled with, as lines of <c>#define NAME value</c>; empty where it takes none.</param>
    /// <param name="arguments">Pointers to the kernel's arguments, in order.</param>
    public void Launch(Tensor like, string constants, long blocks, int threads, void** arguments)
    {
        if (blocks == 0) return;
        int device = like.device.index;
        string all = $"#define FLOAT16 {(like.dtype == ScalarType.Float16 ? 1 : 0)}\n{constants}";
        CudaDriver.Enter(device);
        CudaDriver.Launch(On(device, all), checked((uint)blocks), (uint)threads, (uint)sharedBytes, CudaDriver.CurrentStream(device), arguments);
    }

    private nint On(int device, string constants)
    {
        if (functions.TryGetValue((device, constants), out nint known)) return known;
        lock (compiling)
        {
            if (functions.TryGetValue((device, constants), out known)) return known;
            var compiler = Compiler.Value ?? throw new KernelException("no NVRTC on this machine");
            string source = KernelSources.Read(file, constants, hopper);
            string architecture = hopper ? "sm_90a" : Nvrtc.Target(compiler.Architectures, CudaDriver.Capability(device), GpuCapability.Read(new Device(TorchSharp.DeviceType.CUDA, device)));
            byte[] cubin = KernelCache.Default.Get(source, architecture, compiler.Version, () => compiler.Compile(source, file, architecture));
            nint function = CudaDriver.Function(CudaDriver.LoadModule(cubin), entry);
            if (sharedBytes > 0) CudaDriver.AllowSharedMemory(function, sharedBytes);
            return functions[(device, constants)] = function;
        }
    }
}
