using System.Runtime.InteropServices;

namespace Locutor.Checkpoints;

/// <summary>Elements of stored tensors as numbers; for scales, scalars and tests. Networks read the bytes through libtorch.</summary>
public static class TensorValues
{
    /// <summary>All elements, in row-major order; only for tensors under 2 GiB.</summary>
    public static double[] ToDoubles(this CheckpointTensor tensor)
    {
        var bytes = tensor.Bytes;
        int size = tensor.Type.Size();
        var values = new double[bytes.Length / size];
        for (int i = 0; i < values.Length; i++) values[i] = Read(tensor.Type, bytes.Slice(i * size, size));
        return values;
    }

    private static double Read(ElementType type, ReadOnlySpan<byte> bytes) => type switch
    {
        ElementType.Bool or ElementType.UInt8 => bytes[0],
        ElementType.Int8 => (sbyte)bytes[0],
        ElementType.Int16 => MemoryMarshal.Read<short>(bytes),
        ElementType.Int32 => MemoryMarshal.Read<int>(bytes),
        ElementType.Int64 => MemoryMarshal.Read<long>(bytes),
        ElementType.Float8E4M3 => Float8.FromE4M3(bytes[0]),
        ElementType.Float8E5M2 => Float8.FromE5M2(bytes[0]),
        ElementType.Float16 => (double)MemoryMarshal.Read<Half>(bytes),
        ElementType.BFloat16 => BitConverter.Int32BitsToSingle(MemoryMarshal.Read<ushort>(bytes) << 16),
        ElementType.Float32 => MemoryMarshal.Read<float>(bytes),
        ElementType.Float64 => MemoryMarshal.Read<double>(bytes),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };
}
