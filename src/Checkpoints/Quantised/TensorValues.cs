using System.Runtime.InteropServices;

namespace Locutor.Checkpoints.Quantised;

/// <summary>Reads the elements of stored tensors as numbers; scales are applied and blocks are dequantised.</summary>
public static class TensorValues
{
    /// <summary>Returns all elements in row-major order; only for tensors under 2 GiB.</summary>
    public static double[] ToDoubles(this CheckpointTensor tensor)
    {
        double[] values = new double[tensor.ElementCount];
        if (tensor.Type.BlockElements() > 1)
        {
            float[] single = new float[values.Length];
            tensor.ReadSingles(0, single);
            for (int i = 0; i < values.Length; i++) values[i] = single[i];
            return values;
        }
        var bytes = tensor.Bytes;
        int size = tensor.Type.Size();
        for (int i = 0; i < values.Length; i++) values[i] = Read(tensor.Type, bytes.Slice(i * size, size));
        if (tensor.Scale is not null) Multiply(values, tensor.Scale.ToDoubles());
        return values;
    }

    /// <summary>
    /// Dequantises some elements of a tensor that GGUF stores in blocks. Different threads may read different parts at the same time.
    /// </summary>
    /// <param name="tensor">A tensor of a GGUF block type.</param>
    /// <param name="first">Index of the first element; a multiple of the block's number of elements.</param>
    /// <param name="values">Destination; its length is a multiple of the block's number of elements.</param>
    public static unsafe void ReadSingles(this CheckpointTensor tensor, long first, Span<float> values)
    {
        int block = tensor.Type.BlockElements();
        if (first % block != 0 || values.Length % block != 0 || first < 0 || first > tensor.ElementCount - values.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(first), first,
                $"expected whole blocks of {block} within {tensor.ElementCount} elements, found {values.Length} elements from there");
        }

        long bytes = (long)tensor.Type.Size() * (values.Length / block);
        GgufBlocks.Read(
            tensor.Type, new ReadOnlySpan<byte>((void*)(tensor.Address + (nint)(first / block * tensor.Type.Size())), checked((int)bytes)),
            values);
    }

    private static void Multiply(double[] values, double[] scales)
    {
        int row = scales.Length == 0 ? 1 : Math.Max(1, values.Length / scales.Length);
        for (int i = 0; i < values.Length; i++) values[i] *= scales[i / row];
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
