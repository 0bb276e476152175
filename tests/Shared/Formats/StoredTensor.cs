using System.Runtime.InteropServices;

namespace Locutor.Tests;

/// <summary>Types of the values in a test file. Each K type and Q8 stores blocks of values.</summary>
public enum StoredType
{
    Float32,
    Float16,
    BFloat16,
    Float8E4M3,
    Int8,
    Q8,
    Q4K,
    Q5K,
    Q6K,
}

/// <summary>
/// Bytes of a tensor in one of the types of checkpoint files, and the values that these bytes represent, computed from the chosen numbers.
/// </summary>
/// <param name="Scale">One scale for the tensor or for each row; empty if the file has none.</param>
public sealed record StoredTensor(string Name, StoredType Type, long[] Shape, byte[] Bytes, double[] Values, float[] Scale)
{
    public static StoredTensor Plain(Random random, string name, long[] shape, StoredType type)
    {
        long count = Count(shape);
        switch (type)
        {
            case StoredType.Float32:
                float[] single = [.. Range(count).Select(_ => random.NextSingle() - 0.5f)];
                return new(name, type, shape, MemoryMarshal.AsBytes<float>(single).ToArray(), [.. single.Select(v => (double)v)], []);
            case StoredType.Float16:
                Half[] half = [.. Range(count).Select(_ => (Half)(random.NextSingle() - 0.5f))];
                return new(name, type, shape, MemoryMarshal.AsBytes<Half>(half).ToArray(), [.. half.Select(v => (double)v)], []);
            case StoredType.BFloat16:
                ushort[] upper = [.. Range(count).Select(_ => (ushort)(BitConverter.SingleToInt32Bits(random.NextSingle() - 0.5f) >>> 16))];
                return new(
                    name, type, shape, MemoryMarshal.AsBytes<ushort>(upper).ToArray(),
                    [.. upper.Select(v => (double)BitConverter.Int32BitsToSingle(v << 16))], []);
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "expected a floating-point type");
        }
    }

    /// <param name="random">Source of numbers.</param>
    /// <param name="name">The name of the weight.</param>
    /// <param name="shape">Two axes.</param>
    /// <param name="type">int8 or float8.</param>
    /// <param name="scales">0 for none, 1 for the tensor, otherwise one for each row.</param>
    public static StoredTensor Eight(Random random, string name, long[] shape, StoredType type, long scales)
    {
        float[] scale = [.. Range(scales).Select(_ => random.NextSingle() + 0.01f)];
        byte[] bytes = [.. Range(Count(shape)).Select(_ => (byte)(random.Next(0x7f) | random.Next(2) << 7))];
        double Value(byte bits) => type == StoredType.Int8 ? (sbyte)bits : E4M3(bits);
        return new(
            name, type, shape, bytes, [.. bytes.Select((b, i) => Value(b) * (scales == 0 ? 1 : scale[scales == 1 ? 0 : i / shape[1]]))],
            scale);
    }

    public static StoredTensor Blocks(Random random, string name, long[] shape, StoredType type)
    {
        var (data, values) = GgufWriter.Blocks((int)(Count(shape) / BlockElements(type)), () => type switch
        {
            StoredType.Q8 => GgufWriter.Q8(random),
            StoredType.Q6K => GgufWriter.Q6K(random),
            StoredType.Q5K => GgufWriter.Fours(random, true),
            _ => GgufWriter.Fours(random, false),
        });
        return new(name, type, shape, data, values, []);
    }

    /// <summary>Returns the number of values in a block of a GGUF type.</summary>
    public static int BlockElements(StoredType type) => type == StoredType.Q8 ? 32 : 256;

    private static double E4M3(byte bits)
    {
        int exponent = bits >> 3 & 15, mantissa = bits & 7;
        return (bits < 128 ? 1 : -1)
            * (exponent == 0 ? mantissa / 8.0 * Math.Pow(2, -6) : (1 + mantissa / 8.0) * Math.Pow(2, exponent - 7));
    }

    private static IEnumerable<int> Range(long count) => Enumerable.Range(0, (int)count);

    private static long Count(long[] shape) => shape.Aggregate(1L, (product, n) => product * n);
}
