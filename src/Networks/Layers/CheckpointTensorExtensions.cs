using Locutor.Checkpoints;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

public static class CheckpointTensorExtensions
{
    /// <summary>The type with which libtorch holds such elements; float8 has no member in TorchSharp's enumeration.</summary>
    public static ScalarType ScalarType(this ElementType type) => type switch
    {
        ElementType.Bool => TorchSharp.torch.ScalarType.Bool,
        ElementType.UInt8 => TorchSharp.torch.ScalarType.Byte,
        ElementType.Int8 => TorchSharp.torch.ScalarType.Int8,
        ElementType.Int16 => TorchSharp.torch.ScalarType.Int16,
        ElementType.Int32 => TorchSharp.torch.ScalarType.Int32,
        ElementType.Int64 => TorchSharp.torch.ScalarType.Int64,
        ElementType.Float8E5M2 => (ScalarType)23,
        ElementType.Float8E4M3 => (ScalarType)24,
        ElementType.Float16 => TorchSharp.torch.ScalarType.Float16,
        ElementType.BFloat16 => TorchSharp.torch.ScalarType.BFloat16,
        ElementType.Float32 => TorchSharp.torch.ScalarType.Float32,
        ElementType.Float64 => TorchSharp.torch.ScalarType.Float64,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };

    /// <summary>A copy of the stored tensor on the CPU, in its stored type.</summary>
    public static unsafe Tensor ToTensor(this CheckpointTensor stored)
    {
        var tensor = empty(stored.Shape, dtype: stored.Type.ScalarType());
        if (stored.ByteLength > 0) Buffer.MemoryCopy((void*)stored.Address, (void*)tensor.bytes_address(), stored.ByteLength, stored.ByteLength);
        return tensor;
    }

    private static unsafe nint bytes_address(this Tensor tensor)
    {
        fixed (byte* first = tensor.bytes) return (nint)first;
    }
}
