using System.Buffers.Binary;

namespace Locutor.Checkpoints.Quantised;

/// <summary>
/// Dequantises the GGUF blocks of 2 to 5 bits per element, except Q4_K and Q5_K, to float32. Layouts: see <see cref="GgufBlocks"/>.
/// </summary>
internal static class LowBitBlocks
{
    /// <summary>The 16 levels of IQ4_NL and IQ4_XS.</summary>
    private static ReadOnlySpan<sbyte> NonLinear => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>The values of a 4-bit float with 2 exponent bits (e2m1), times 2.</summary>
    private static ReadOnlySpan<sbyte> FourBitFloat => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <summary>
    /// Q4_0: scale, then 16 bytes; byte i has element i in its low four bits and element i + 16 in its high four bits. Q4_1 has a minimum
    /// after the scale.
    /// </summary>
    public static void ReadQ4(ReadOnlySpan<byte> block, bool minimum, Span<float> values)
    {
        float scale = Half(block), least = minimum ? Half(block[2..]) : -8 * scale;
        var low = block[(minimum ? 4 : 2)..];
        for (int i = 0; i < 32; i++) values[i] = scale * Nibble(low, i) + least;
    }

    /// <summary>Layout of Q4 with the fifth bits of the 32 elements in 4 additional bytes before the low four bits.</summary>
    public static void ReadQ5(ReadOnlySpan<byte> block, bool minimum, Span<float> values)
    {
        float scale = Half(block), least = minimum ? Half(block[2..]) : -16 * scale;
        int start = minimum ? 4 : 2;
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[start..]);
        var low = block[(start + 4)..];
        for (int i = 0; i < 32; i++) values[i] = scale * (Nibble(low, i) | (int)(fifth >> i & 1) << 4) + least;
    }

    /// <summary>
    /// Block layout: 16 bytes of 4-bit scale and minimum (one pair for 16 elements), 64 bytes of 2 bits, the superblock's scale and
    /// minimum.
    /// </summary>
    public static void ReadQ2K(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block[80..]), minimum = Half(block[82..]);
        for (int i = 0; i < 256; i++)
        {
            int pair = block[i / 16];
            values[i] = scale * (pair & 15) * TwoBits(block[16..80], i) - minimum * (pair >> 4);
        }
    }

    /// <summary>
    /// Block layout: 32 bytes of third bits, 64 bytes of low two bits, 16 scales of 6 bits in 12 bytes, the superblock's scale.
    /// </summary>
    public static void ReadQ3K(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block[108..]);
        var packed = block.Slice(96, 12);
        for (int i = 0; i < 256; i++)
        {
            int group = i / 16, four = group < 8 ? packed[group] & 15 : packed[group - 8] >> 4,
                two = packed[8 + group % 4] >> (2 * (group / 4)) & 3;
            int third = block[i % 32] >> (i / 32) & 1;
            values[i] = scale * ((four | two << 4) - 32) * ((TwoBits(block[32..96], i) | third << 2) - 4);
        }
    }

    /// <summary>IQ4_NL: scale, then indices into <see cref="NonLinear"/> in the order of Q4_0.</summary>
    public static void ReadIq4Nl(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block);
        for (int i = 0; i < 32; i++) values[i] = scale * NonLinear[Nibble(block[2..], i)];
    }

    /// <summary>
    /// Block layout: scale, the high two bits of 8 scales in 2 bytes, their low four bits in 4 bytes, then 8 groups of 16 bytes in the
    /// order of IQ4_NL.
    /// </summary>
    public static void ReadIq4Xs(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block);
        int high = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        for (int group = 0; group < 8; group++)
        {
            int six = block[4 + group / 2] >> (4 * (group % 2)) & 15 | (high >> (2 * group) & 3) << 4;
            float factor = scale * (six - 32);
            var indices = block.Slice(8 + 16 * group, 16);
            for (int i = 0; i < 32; i++) values[32 * group + i] = factor * NonLinear[Nibble(indices, i)];
        }
    }

    /// <summary>MXFP4 (OCP Microscaling Formats 1.0): an exponent (bias 127), then 32 4-bit floats in the order of Q4_0.</summary>
    public static void ReadMxfp4(ReadOnlySpan<byte> block, Span<float> values)
    {
        float half = MathF.ScaleB(1, block[0] - 128);
        for (int i = 0; i < 32; i++) values[i] = half * FourBitFloat[Nibble(block[1..], i)];
    }

    private static int Nibble(ReadOnlySpan<byte> bytes, int element) => element < 16 ? bytes[element] & 15 : bytes[element - 16] >> 4;

    /// <summary>
    /// Extracts the two low bits of an element. 128 elements share 32 bytes; the next bit pair of a byte belongs to the element 32 further.
    /// </summary>
    private static int TwoBits(ReadOnlySpan<byte> bytes, int element) =>
        bytes[element / 128 * 32 + element % 32] >> (2 * (element % 128 / 32)) & 3;

    private static float Half(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
}
