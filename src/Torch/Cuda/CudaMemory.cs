using System.Globalization;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Locutor.Torch.Cuda;

/// <summary>Configures how libtorch allocates GPU memory.</summary>
public static partial class CudaMemory
{
    /// <summary>Variable of libtorch, read at its first allocation on a GPU.</summary>
    private const string Variable = "PYTORCH_CUDA_ALLOC_CONF";

    /// <summary>Bytes that the driver, cuDNN and cuBLAS allocate in addition to libtorch.</summary>
    public const long DriverOverheadBytes = 3L << 28;

    /// <summary>
    /// Lets libtorch allocate expandable segments, which waste less memory between tensors (a float8 pass at the released sizes: 22.4 GiB
    /// in place of 24.6, at the same speed), and limits the memory of this process: libtorch frees its cache before it exceeds the limit,
    /// and fails if that is not enough. Call it before libtorch's first allocation on a GPU. A setting of the user in the environment is
    /// kept.
    /// </summary>
    /// <param name="device">Device of the networks; nothing happens on a CPU.</param>
    /// <param name="limit">Bytes of the GPU that this process may use; null: all.</param>
    public static void Configure(Device device, long? limit)
    {
        if (device.type != TorchSharp.DeviceType.CUDA || !CudaDriver.IsPresent
            || Environment.GetEnvironmentVariable(Variable) is { Length: > 0 })
        {
            return;
        }

        string setting = "expandable_segments:True";
        if (limit is { } bytes)
        {
            double share = Math.Clamp((bytes - DriverOverheadBytes) / (double)CudaDriver.Memory(Math.Max(0, device.index)).Total, 0.01, 1);
            setting += string.Create(CultureInfo.InvariantCulture, $",per_process_memory_fraction:{share:0.0000}");
        }
        _ = setenv(Variable, setting, 1); // .NET does not pass variables on to the C library, which libtorch asks
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
