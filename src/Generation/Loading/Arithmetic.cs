using Locutor.Kernels.Arithmetic;
using Locutor.Kernels.Devices;
using Locutor.Kernels.SelfTests;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>Selects the dtypes in which networks compute on a device.</summary>
public static class Arithmetic
{
    /// <summary>
    /// Dtype of the transformer and the autoencoder. A GPU uses bfloat16 if it supports it, otherwise float16. A CPU uses bfloat16 if
    /// that is faster than float32 and passes the self test, otherwise float32.
    /// </summary>
    public static ScalarType For(Device device) =>
        GpuPaths.ForGpu(device)?.Half ?? (CpuInfo.IsFasterInBFloat16 ? Trusted(ScalarType.BFloat16, device) : ScalarType.Float32);

    /// <summary>
    /// Returns the requested dtype if the device computes correctly in it. bfloat16 is replaced by float16 on a GPU without bfloat16, and
    /// by float32 on a CPU that fails the self test.
    /// </summary>
    public static ScalarType Trusted(ScalarType type, Device device)
    {
        if (type != ScalarType.BFloat16) return type;
        if (GpuPaths.ForGpu(device) is { } gpu) return gpu.Half;
        return device.type != TorchSharp.DeviceType.CPU || CpuChecks.TrustBFloat16() ? type : ScalarType.Float32;
    }

    /// <summary>
    /// Dtype of the text and picture encoders, which have billions of parameters: the 16-bit dtype of a GPU, float32 on a CPU.
    /// </summary>
    public static ScalarType ForEncoders(Device device) => GpuPaths.ForGpu(device)?.Half ?? ScalarType.Float32;

    /// <summary>
    /// Returns the device that encodes the prompt. The largest float16 number is 65,504, and T5's feed-forward layers exceed it; so if the
    /// GPU has no bfloat16, the CPU encodes the prompt in float32.
    /// </summary>
    public static Device ForText(Device device) => GpuPaths.ForGpu(device) is { Half: not ScalarType.BFloat16 } ? CPU : device;
}
