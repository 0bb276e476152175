using System.Globalization;
using System.Runtime.InteropServices;

namespace Locutor.Kernels.Compilation;

/// <summary>How much of a GPU libtorch may take.</summary>
public static partial class CudaMemoryLimit
{
    /// <summary>libtorch reads it when it first takes memory of a GPU.</summary>
    private const string Variable = "PYTORCH_CUDA_ALLOC_CONF";

    /// <summary>Bytes that the driver, cuDNN and cuBLAS take beside libtorch.</summary>
    public const long Beside = 3L << 28;

    /// <summary>
    /// Holds this process to so many bytes of the GPU: what libtorch keeps for reuse is freed before it would go beyond, and what does not
    /// fit then fails instead of taking what others need. To be called before libtorch takes any memory of it; a setting that the user made
    /// in the environment stays as it is.
    /// </summary>
    public static void Set(int device, long bytes)
    {
        if (!CudaDriver.IsPresent || Environment.GetEnvironmentVariable(Variable) is { Length: > 0 }) return;
        double share = Math.Clamp((bytes - Beside) / (double)CudaDriver.Memory(device).Total, 0.01, 1);
        // .NET keeps variables to itself; libtorch asks the C library.
        _ = setenv(Variable, string.Create(CultureInfo.InvariantCulture, $"expandable_segments:True,per_process_memory_fraction:{share:0.0000}"), 1);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
