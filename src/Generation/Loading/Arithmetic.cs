using Locutor.Kernels.Arithmetic;
using Locutor.Kernels.Devices;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>Types in which networks compute on a device.</summary>
public static class Arithmetic
{
    /// <summary>
    /// Type of the transformer and the autoencoder: on a GPU its 16-bit type, bfloat16 where it has that; bfloat16 on a processor that multiplies it in
    /// hardware and passes the self test with it; else float32.
    /// </summary>
    public static ScalarType For(Device device) =>
        GpuPaths.ForGpu(device)?.Half ?? (CpuInfo.MultipliesBFloat16 ? Trusted(ScalarType.BFloat16, device) : ScalarType.Float32);

    /// <summary>
    /// That type where the device computes in it. Instead of bfloat16 it may be float16 on a GPU that has none, and float32 on a processor that is
    /// wrong with it.
    /// </summary>
    public static ScalarType Trusted(ScalarType type, Device device)
    {
        if (type != ScalarType.BFloat16) return type;
        if (GpuPaths.ForGpu(device) is { } gpu) return gpu.Half;
        return device.type != TorchSharp.DeviceType.CPU || CpuChecks.TrustBFloat16() ? type : ScalarType.Float32;
    }

    /// <summary>Type of the text and picture encoders, which are billions of numbers: the 16-bit type of a GPU, float32 elsewhere.</summary>
    public static ScalarType OfEncoders(Device device) => GpuPaths.ForGpu(device)?.Half ?? ScalarType.Float32;

    /// <summary>
    /// Where the prompt is encoded. float16 ends at 65,504, below what T5's feed-forward layers reach, so without bfloat16 the processor does it in
    /// float32.
    /// </summary>
    public static Device OfText(Device device) => GpuPaths.ForGpu(device) is { Half: not ScalarType.BFloat16 } ? CPU : device;
}
