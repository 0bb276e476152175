using System.Buffers.Binary;

namespace Locutor.Checkpoints.Quantised;

/// <summary>
/// Dequantises GGUF blocks to float32. Layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h. K types have superblocks of
/// 256 elements; their scales are 16-bit floats times small integers.
/// </summary>
internal static class GgufBlocks
{
    public static void Read(ElementType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        int size = type.Size(), elements = type.BlockElements();
        for (int i = 0; i < values.Length / elements; i++)
        {
            var block = blocks.Slice(i * size, size);
            var into = values.Slice(i * elements, elements);
            switch (type)
            {
                case ElementType.Q8: ReadQ8(block, into); break;
                case ElementType.Q6K: ReadQ6K(block, into); break;
                case ElementType.Q5K: ReadFours(block, block.Slice(16, 32), block[48..], into); break;
                case ElementType.Q4K: ReadFours(block, [], block[16..], into); break;
                case ElementType.Q3K: LowBitBlocks.ReadQ3K(block, into); break;
                case ElementType.Q2K: LowBitBlocks.ReadQ2K(block, into); break;
                case ElementType.Q40: LowBitBlocks.ReadQ4(block, minimum: false, into); break;
                case ElementType.Q41: LowBitBlocks.ReadQ4(block, minimum: true, into); break;
                case ElementType.Q50: LowBitBlocks.ReadQ5(block, minimum: false, into); break;
                case ElementType.Q51: LowBitBlocks.ReadQ5(block, minimum: true, into); break;
                case ElementType.Iq4Nl: LowBitBlocks.ReadIq4Nl(block, into); break;
                case ElementType.Iq4Xs: LowBitBlocks.ReadIq4Xs(block, into); break;
                case ElementType.Mxfp4: LowBitBlocks.ReadMxfp4(block, into); break;
                default: throw new ArgumentOutOfRangeException(nameof(type), type, "expected a type of blocks");
            }
        }
    }

    /// <summary>Block layout: scale (2 bytes), 32 signed bytes.</summary>
    private static void ReadQ8(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block);
        for (int i = 0; i < values.Length; i++) values[i] = scale * (sbyte)block[2 + i];
    }

    /// <summary>
    /// Block layout of Q4_K and Q5_K: scale and minimum (2 bytes each); 8 pairs of a 6-bit scale and a 6-bit minimum in 12 bytes; for Q5_K
    /// the fifth bits (bit g of byte i belongs to element i of group g); then the low four bits, where two groups of 32 elements share 32
    /// bytes.
    /// </summary>
    private static void ReadFours(ReadOnlySpan<byte> block, ReadOnlySpan<byte> fifth, ReadOnlySpan<byte> low, Span<float> values)
    {
        float scale = Half(block), minimum = Half(block[2..]);
        var packed = block.Slice(4, 12);
        for (int group = 0; group < 8; group++)
        {
            var (groupScale, groupMinimum) = SixBits(packed, group);
            float factor = scale * groupScale, offset = minimum * groupMinimum;
            var bytes = low.Slice(group / 2 * 32, 32);
            var into = values.Slice(group * 32, 32);
            for (int i = 0; i < 32; i++)
            {
                int quant = group % 2 == 0 ? bytes[i] & 15 : bytes[i] >> 4;
                if (!fifth.IsEmpty) quant |= (fifth[i] >> group & 1) << 4;
                into[i] = factor * quant - offset;
            }
        }
    }

    private static (int Scale, int Minimum) SixBits(ReadOnlySpan<byte> packed, int group) => group < 4
        ? (packed[group] & 63, packed[group + 4] & 63)
        : (packed[group + 4] & 15 | packed[group - 4] >> 6 << 4, packed[group + 4] >> 4 | packed[group] >> 6 << 4);

    /// <summary>
    /// Block layout: 128 bytes of low four bits, 64 bytes of high two bits, 16 signed scales (one for 16 elements), the superblock's scale.
    /// </summary>
    private static void ReadQ6K(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block[208..]);
        for (int half = 0; half < 2; half++)
        {
            var low = block.Slice(half * 64, 64);
            var high = block.Slice(128 + half * 32, 32);
            var scales = block.Slice(192 + half * 8, 8);
            for (int quarter = 0; quarter < 4; quarter++)
            {
                for (int i = 0; i < 32; i++)
                {
                    int four = low[i + quarter % 2 * 32] >> (quarter / 2 * 4) & 15;
                    int quant = (four | (high[i] >> (quarter * 2) & 3) << 4) - 32;
                    values[half * 128 + quarter * 32 + i] = scale * (sbyte)scales[quarter * 2 + i / 16] * quant;
                }
            }
        }
    }

    private static float Half(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
}
