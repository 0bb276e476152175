using System.Globalization;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Locutor.Torch.Cuda;

/// <summary>How libtorch takes a GPU's memory, and how much of it.</summary>
public static partial class CudaMemory
{
    /// <summary>libtorch reads it when it first takes memory of a GPU.</summary>
    private const string Variable = "PYTORCH_CUDA_ALLOC_CONF";

    /// <summary>Bytes that the driver, cuDNN and cuBLAS take beside libtorch.</summary>
    public const long DriverOverheadBytes = 3L << 28;

    /// <summary>
    /// Has libtorch take memory in pieces that grow, so that less of it lies between tensors unused (a float8 pass of the released sizes: 22.4 GiB
    /// in place of 24.6, as fast), and holds this process to so many bytes of the GPU: what is kept for reuse is freed before it would go beyond,
    /// and what does not fit then fails instead of taking what others need. To be called before libtorch takes any memory of it; a setting
    /// that the user made in the environment stays as it is.
    /// </summary>
    /// <param name="limit">Null: all of it.</param>
    public static void Configure(Device device, long? limit)
    {
        if (device.type != TorchSharp.DeviceType.CUDA || !CudaDriver.IsPresent || Environment.GetEnvironmentVariable(Variable) is { Length: > 0 }) return;
        string setting = "expandable_segments:True";
        if (limit is { } bytes)
        {
            double share = Math.Clamp((bytes - DriverOverheadBytes) / (double)CudaDriver.Memory(Math.Max(0, device.index)).Total, 0.01, 1);
            setting += string.Create(CultureInfo.InvariantCulture, $",per_process_memory_fraction:{share:0.0000}");
        }
        _ = setenv(Variable, setting, 1); // .NET keeps variables to itself; libtorch asks the C library
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
