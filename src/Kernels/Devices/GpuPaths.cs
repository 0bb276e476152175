using Locutor.Kernels.Quantisation;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels.Devices;

/// <summary>
/// The operations that this process uses on one GPU: those that its compute capability supports and that the self test found correct.
/// Layers and kernels use this class, never the capability.
/// </summary>
/// <param name="Capability">Capability of the GPU, or the lower one that the user chose.</param>
public sealed record GpuPaths(GpuCapability Capability)
{
    private const int MostGpus = 64;

    private static readonly GpuPaths?[] Known = new GpuPaths?[MostGpus];
    private static readonly Lock Testing = new();

    /// <summary>
    /// The self test, which runs every kernel. Kernels depend on this class, so it cannot depend on them: the folder SelfTests sets this
    /// property when the assembly is loaded.
    /// </summary>
    internal static Func<Device, GpuPaths, GpuPaths> SelfTest { private get; set; } = (_, paths) => paths;

    /// <summary>
    /// Paths of the GPU whose self test runs on this thread, so that an operation under test does not wait for the result of its own test.
    /// </summary>
    [ThreadStatic]
    private static GpuPaths? underTest;

    /// <summary>Type in which networks compute by default: bfloat16, or float16 on GPUs without it.</summary>
    public ScalarType Half { get; init; } = Capability.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float16;

    /// <summary>
    /// Whether float8 weights and activations are multiplied as bytes. If not, blocks of weights are dequantised for every product.
    /// </summary>
    public bool Float8Products { get; init; } = Capability.Float8Products;

    /// <summary>
    /// Whether int8 weights and activations are multiplied as bytes. If not, blocks of weights are dequantised for every product.
    /// </summary>
    public bool Int8Products { get; init; } = Capability.Int8Products;

    /// <summary>Whether cuDNN computes attention. If not, libtorch chooses.</summary>
    public bool CudnnAttention { get; init; } = Capability.CudnnAttention;

    /// <summary>Whether a matrix product applies bias and GELU itself.</summary>
    public bool GeluInProduct { get; init; } = true;

    /// <summary>Whether products of 16-bit values can be written as float32.</summary>
    public bool Float32Outputs { get; init; } = true;

    /// <summary>Whether the kernels of this library run. If not, libtorch computes their operations.</summary>
    public bool FusedKernels { get; init; } = Capability.FusedKernels;

    /// <summary>Whether the kernel of self attention with 8-bit products runs.</summary>
    public bool EightBitAttention { get; init; } = Capability.EightBitAttention;

    /// <summary>Whether the kernel of convolutions over frames runs. If not, cuDNN computes them.</summary>
    public bool FrameConvolution { get; init; } = Capability.FrameConvolution;

    /// <summary>Returns the precision of activations for weights that are held in a precision.</summary>
    public LinearPrecision ActivationPrecision(LinearPrecision held) => held switch
    {
        LinearPrecision.Float8 when Float8Products => held,
        LinearPrecision.Int8 when Int8Products => held,
        _ => LinearPrecision.Plain,
    };

    /// <summary>
    /// Returns the precision in which weights of one byte are held by default. float8 becomes int8 on a GPU that multiplies only the
    /// latter: products are twice as fast as those of dequantised weights (docs/decisions/gpu-without-float8.md).
    /// </summary>
    public LinearPrecision StoragePrecision(LinearPrecision stored) =>
        stored == LinearPrecision.Float8 && !Float8Products && Int8Products ? LinearPrecision.Int8 : stored;

    /// <summary>Returns a notice about weights that this GPU does not multiply in their precision; null if it does.</summary>
    /// <param name="stored">Precision in which they are stored or requested.</param>
    /// <param name="held">Precision in which they are held.</param>
    public string? Notice(LinearPrecision stored, LinearPrecision held)
    {
        if (ActivationPrecision(stored) == stored) return null;
        string name = Name(stored);
        return held == stored
            ? $"a GPU of capability {Capability} does not multiply {name}: weights stay {name} in memory and are widened to " +
                $"{Name(Half)} for every product"
            : $"a GPU of capability {Capability} does not multiply {name}: weights are quantised to {Name(held)}; "
                + $"'locutor models prepare --precision {Name(held)}' does that once, and more exactly, from the original weights";
    }

    /// <summary>Returns the paths of a GPU. The first call tests them.</summary>
    /// <exception cref="GpuCapabilityException">The capability that the user chose cannot be used.</exception>
    /// <exception cref="Arithmetic.WrongArithmeticException">The GPU computes an operation wrongly on every path.</exception>
    public static GpuPaths For(Device gpu)
    {
        int index = Math.Max(0, gpu.index);
        return underTest ?? Volatile.Read(ref Known[index]) ?? Test(index, SelfTest);
    }

    /// <summary>Returns the paths of a GPU; null for other devices.</summary>
    public static GpuPaths? ForGpu(Device device) => device.type == TorchSharp.DeviceType.CUDA ? For(device) : null;

    /// <summary>Tests the operations of a GPU.</summary>
    /// <param name="run">Receives the paths of the capability and returns those that are correct. While it runs, <see cref="For"/> returns
    /// the paths of the capability on this thread.</param>
    private static GpuPaths Test(int index, Func<Device, GpuPaths, GpuPaths> run)
    {
        lock (Testing)
        {
            if (Known[index] is { } found) return found;
            var gpu = new Device(TorchSharp.DeviceType.CUDA, index);
            underTest = new GpuPaths(GpuCapability.Read(gpu));
            try
            {
                underTest = run(gpu, underTest);
                Volatile.Write(ref Known[index], underTest);
                return underTest;
            }
            finally
            {
                underTest = null;
            }
        }
    }

    private static string Name(Enum type) => $"{type}".ToLowerInvariant();
}
