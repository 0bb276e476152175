using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>In which type the transformer and the autoencoder compute on a device.</summary>
public static class Arithmetic
{
    private const string ProcessorFile = "/proc/cpuinfo";

    /// <summary>bfloat16 on a GPU and on processors that multiply it in hardware, float32 elsewhere.</summary>
    public static ScalarType For(Device device) =>
        device.type == TorchSharp.DeviceType.CUDA || ProcessorHasBFloat16() ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>Of the readers of prompt and picture: as they were published on a GPU, where they are billions of numbers, float32 elsewhere.</summary>
    public static ScalarType OfEncoders(Device device) => device.type == TorchSharp.DeviceType.CUDA ? ScalarType.BFloat16 : ScalarType.Float32;

    private static bool ProcessorHasBFloat16()
    {
        if (!File.Exists(ProcessorFile)) return false;
        string? flags = File.ReadLines(ProcessorFile).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal));
        return flags is not null && flags.Split(' ').Any(flag => flag is "avx512_bf16" or "amx_bf16");
    }
}
