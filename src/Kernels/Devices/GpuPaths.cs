using Locutor.Kernels.Arithmetic;
using Locutor.Kernels.Quantisation;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels.Devices;

/// <summary>
/// Which operations this process uses on one GPU: those that its compute capability has and that the self test found right. Layers and kernels ask
/// here, and never look at the capability themselves.
/// </summary>
/// <param name="Capability">The GPU's, or a forced one.</param>
public sealed record GpuPaths(GpuCapability Capability)
{
    private const int MostGpus = 64;

    private static readonly GpuPaths?[] Known = new GpuPaths?[MostGpus];
    private static readonly Lock Testing = new();

    /// <summary>The paths of a GPU whose self test runs on this thread, so that an operation under test does not ask for the result of its own test.</summary>
    [ThreadStatic]
    private static GpuPaths? underTest;

    /// <summary>Type in which networks compute unless told otherwise: bfloat16, or float16 where there is none.</summary>
    public ScalarType Half { get; init; } = Capability.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float16;

    /// <summary>Whether float8 weights and activations are multiplied as bytes. If not, weights are widened row block by row block for every product.</summary>
    public bool Float8Products { get; init; } = Capability.Float8Products;

    /// <summary>Whether int8 weights and activations are multiplied as bytes. If not, weights are widened as those of float8 are.</summary>
    public bool Int8Products { get; init; } = Capability.Int8Products;

    /// <summary>Whether attention is cuDNN's. If not, libtorch chooses.</summary>
    public bool CudnnAttention { get; init; } = Capability.CudnnAttention;

    /// <summary>Whether a matrix product applies bias and GELU itself.</summary>
    public bool GeluInProduct { get; init; } = true;

    /// <summary>Whether products of 16-bit numbers can be written as float32.</summary>
    public bool Float32Outputs { get; init; } = true;

    /// <summary>Whether the kernels of this library run. If not, their plain paths do.</summary>
    public bool FusedKernels { get; init; } = Capability.FusedKernels;

    /// <summary>Whether self attention can have 8-bit products, by a kernel of this library.</summary>
    public bool EightBitAttention { get; init; } = Capability.EightBitAttention;

    /// <summary>How activations come to a product whose weights are held in that way.</summary>
    public LinearPrecision ActivationPrecision(LinearPrecision held) => held switch
    {
        LinearPrecision.Float8 when Float8Products => held,
        LinearPrecision.Int8 when Int8Products => held,
        _ => LinearPrecision.Plain,
    };

    /// <summary>
    /// How weights that are stored in one byte are held where nobody asked for a precision. Where the GPU does not multiply float8 but int8, they become
    /// int8: its products are twice as fast as those of widened weights (docs/decisions/gpu-without-float8.md).
    /// </summary>
    public LinearPrecision StoragePrecision(LinearPrecision stored) => stored == LinearPrecision.Float8 && !Float8Products && Int8Products ? LinearPrecision.Int8 : stored;

    /// <summary>What happens to weights that this GPU does not multiply as they are stored or asked for; null where it does.</summary>
    /// <param name="stored">How they are stored, or asked for.</param>
    /// <param name="held">How they are held.</param>
    public string? Notice(LinearPrecision stored, LinearPrecision held)
    {
        if (ActivationPrecision(stored) == stored) return null;
        string name = Name(stored);
        return held == stored
            ? $"a GPU of capability {Capability} does not multiply {name}: weights stay {name} in memory and are widened to {Name(Half)} for every product"
            : $"a GPU of capability {Capability} does not multiply {name}: weights are quantised to {Name(held)}; 'locutor models prepare --precision {Name(held)}' does that once, and more exactly, from the original weights";
    }

    /// <summary>The paths of a GPU; the first call tests each.</summary>
    /// <exception cref="GpuCapabilityException">The forced capability cannot be used.</exception>
    /// <exception cref="WrongArithmeticException">The GPU computes an operation wrongly on every path.</exception>
    public static GpuPaths For(Device gpu)
    {
        int index = Math.Max(0, gpu.index);
        return underTest ?? Volatile.Read(ref Known[index]) ?? Test(index);
    }

    /// <summary>The paths where the device is a GPU, else null.</summary>
    public static GpuPaths? ForGpu(Device device) => device.type == TorchSharp.DeviceType.CUDA ? For(device) : null;

    private static GpuPaths Test(int index)
    {
        lock (Testing)
        {
            if (Known[index] is { } found) return found;
            var gpu = new Device(TorchSharp.DeviceType.CUDA, index);
            underTest = new GpuPaths(GpuCapability.Read(gpu));
            try
            {
                using var still = no_grad();
                var test = SelfTest.On(gpu);
                underTest = underTest.Tested(gpu, test);
                test.Save();
                Volatile.Write(ref Known[index], underTest);
                return underTest;
            }
            finally
            {
                underTest = null;
            }
        }
    }

    /// <summary>The same paths without those that are wrong or refused.</summary>
    internal GpuPaths Tested(Device gpu, SelfTest test)
    {
        var checks = new GpuChecks(gpu, Capability);
        string type = Taken(checks.Products());
        var half = type == GpuChecks.BFloat16 ? ScalarType.BFloat16 : type == GpuChecks.Float16 ? ScalarType.Float16 : ScalarType.Float32;
        if (half == ScalarType.Float32) return this with { Half = half, FusedKernels = false, EightBitAttention = false, CudnnAttention = false, GeluInProduct = false, Float32Outputs = false, Float8Products = false, Int8Products = false };
        return this with
        {
            Half = half,
            GeluInProduct = Taken(checks.Gelu(half)) == GpuChecks.OneKernel,
            Float32Outputs = Taken(checks.Float32Outputs(half)) == GpuChecks.AsFloat32,
            Float8Products = Taken(checks.Bytes(LinearPrecision.Float8, half)) == GpuChecks.AsBytes,
            Int8Products = Taken(checks.Bytes(LinearPrecision.Int8, half)) == GpuChecks.AsBytes,
            CudnnAttention = Taken(checks.Attention(half)) == GpuChecks.Cudnn,
            FusedKernels = Taken(checks.Kernels(half)) == GpuChecks.Fused,
            EightBitAttention = Capability.EightBitAttention && Taken(checks.EightBitAttention(half)) == GpuChecks.EightBits,
        };

        string Taken((OperationKind Kind, OperationCheck Check) one) =>
            test.PathOf(one.Kind, one.Check) ?? throw new WrongArithmeticException($"this GPU (capability {Capability}) computes {one.Kind} wrongly on every path: {test.Results.First(result => result.Kind == one.Kind).Reason}");
    }

    private static string Name(Enum type) => $"{type}".ToLowerInvariant();
}
