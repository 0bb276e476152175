using Locutor.Kernels.Arithmetic;
using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>Types in which networks compute on a device.</summary>
public static class Arithmetic
{
    /// <summary>
    /// Type of the transformer and the autoencoder: bfloat16 on a GPU, and on a processor that multiplies it in hardware and passes the
    /// self test with it; else float32.
    /// </summary>
    public static ScalarType For(Device device) =>
        device.type == TorchSharp.DeviceType.CUDA || Processor.MultipliesBFloat16 ? Trusted(ScalarType.BFloat16, device) : ScalarType.Float32;

    /// <summary>That type, or float32 where a processor computes wrongly in it.</summary>
    public static ScalarType Trusted(ScalarType type, Device device) =>
        type != ScalarType.BFloat16 || device.type != TorchSharp.DeviceType.CPU || ProcessorChecks.TrustBFloat16() ? type : ScalarType.Float32;

    /// <summary>Type of the text and picture encoders: as published on a GPU, where they are billions of numbers, float32 elsewhere.</summary>
    public static ScalarType OfEncoders(Device device) => device.type == TorchSharp.DeviceType.CUDA ? ScalarType.BFloat16 : ScalarType.Float32;
}
