using System.Text;

namespace Locutor.Tests;

/// <summary>
/// Writes a small GGUF file. Quantised tensors are packed from chosen integers; their values follow from these by the formats' definition.
/// </summary>
public sealed class GgufWriter
{
    private readonly List<(string Name, uint Type, long[] Shape, byte[] Data)> tensors = [];
    private readonly List<byte[]> entries = [];

    public uint Version { get; init; } = 3;

    public int Alignment { get; init; } = 32;

    public GgufWriter Add(string name, uint type, long[] shape, byte[] data)
    {
        tensors.Add((name, type, shape, data));
        return this;
    }

    public GgufWriter Text(string key, string value)
    {
        entries.Add([.. String(key), 8, 0, 0, 0, .. String(value)]);
        return this;
    }

    public GgufWriter Integers(string key, params int[] values)
    {
        entries.Add(
            [
                .. String(key), 9, 0, 0, 0, 5, 0, 0, 0, .. BitConverter.GetBytes((long)values.Length),
                .. values.SelectMany(BitConverter.GetBytes)
            ]);
        return this;
    }

    public byte[] Bytes()
    {
        var head = new List<byte>(
            [
                .. "GGUF"u8, .. BitConverter.GetBytes(Version), .. BitConverter.GetBytes((long)tensors.Count),
                .. BitConverter.GetBytes(entries.Count + 1L)
            ]);
        head.AddRange([.. String("general.alignment"), 4, 0, 0, 0, .. BitConverter.GetBytes(Alignment)]);
        foreach (byte[] entry in entries) head.AddRange(entry);
        var data = new List<byte>();
        foreach (var tensor in tensors)
        {
            while (data.Count % Alignment != 0) data.Add(0xee);
            head.AddRange(
                [
                    .. String(tensor.Name), .. BitConverter.GetBytes(tensor.Shape.Length),
                    .. tensor.Shape.Reverse().SelectMany(BitConverter.GetBytes), .. BitConverter.GetBytes(tensor.Type),
                    .. BitConverter.GetBytes((long)data.Count)
                ]);
            data.AddRange(tensor.Data);
        }
        while (head.Count % Alignment != 0) head.Add(0xee);
        return [.. head, .. data];
    }

    private static byte[] String(string text) =>
        [.. BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Half(double value) => BitConverter.GetBytes((Half)value);

    private static double RandomHalf(Random random) => (double)(Half)(random.NextDouble() * 0.1 - 0.05);

    /// <summary>value = d * q.</summary>
    public static (byte[] Block, double[] Values) Q8(Random random)
    {
        double d = RandomHalf(random);
        int[] q = [.. Enumerable.Range(0, 32).Select(_ => random.Next(-128, 128))];
        return ([.. Half(d), .. q.Select(n => (byte)n)], [.. q.Select(n => d * n)]);
    }

    /// <summary>value = d * scale[group] * q - dmin * minimum[group], q of 4 or 5 bits, groups of 32.</summary>
    public static (byte[] Block, double[] Values) Fours(Random random, bool five)
    {
        double d = RandomHalf(random), dmin = RandomHalf(random);
        int[] scale = [.. Enumerable.Range(0, 8).Select(_ => random.Next(64))],
            minimum = [.. Enumerable.Range(0, 8).Select(_ => random.Next(64))];
        int[] q = [.. Enumerable.Range(0, 256).Select(_ => random.Next(five ? 32 : 16))];
        byte[] packed = new byte[12], fifth = new byte[32], low = new byte[128];
        for (int g = 0; g < 4; g++)
        {
            packed[g] = (byte)(scale[g] | scale[g + 4] >> 4 << 6);
            packed[g + 4] = (byte)(minimum[g] | minimum[g + 4] >> 4 << 6);
            packed[g + 8] = (byte)((scale[g + 4] & 15) | (minimum[g + 4] & 15) << 4);
        }
        for (int i = 0; i < 256; i++)
        {
            fifth[i % 32] |= (byte)(q[i] >> 4 << (i / 32));
            low[i / 64 * 32 + i % 32] |= (byte)((q[i] & 15) << (i / 32 % 2 * 4));
        }
        return (
            [.. Half(d), .. Half(dmin), .. packed, .. five ? fifth : [], .. low],
            [.. q.Select((n, i) => d * scale[i / 32] * n - dmin * minimum[i / 32])]);
    }

    /// <summary>value = d * scale[group] * (q - 32), q of 6 bits, groups of 16.</summary>
    public static (byte[] Block, double[] Values) Q6K(Random random)
    {
        double d = RandomHalf(random);
        int[] scale = [.. Enumerable.Range(0, 16).Select(_ => random.Next(-128, 128))],
            q = [.. Enumerable.Range(0, 256).Select(_ => random.Next(64))];
        byte[] low = new byte[128], high = new byte[64];
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128, within = i % 128;
            low[half * 64 + within % 64] |= (byte)((q[i] & 15) << (within / 64 * 4));
            high[half * 32 + within % 32] |= (byte)(q[i] >> 4 << (within / 32 * 2));
        }
        return ([.. low, .. high, .. scale.Select(n => (byte)n), .. Half(d)], [.. q.Select((n, i) => d * scale[i / 16] * (n - 32))]);
    }

    /// <summary>value = d * q + m, q of 4 or 5 bits; without a minimum m is -8 d or -16 d.</summary>
    public static (byte[] Block, double[] Values) Legacy(Random random, bool five, bool minimum)
    {
        double d = RandomHalf(random), m = minimum ? RandomHalf(random) : -(five ? 16 : 8) * d;
        int[] q = [.. Enumerable.Range(0, 32).Select(_ => random.Next(five ? 32 : 16))];
        uint fifth = 0;
        for (int i = 0; i < 32; i++) fifth |= (uint)(q[i] >> 4) << i;
        return (
            [.. Half(d), .. minimum ? Half(m) : [], .. five ? BitConverter.GetBytes(fifth) : [], .. Nibbles(q)],
            [.. q.Select(n => d * n + m)]);
    }

    /// <summary>value = d * scale[group] * q - dmin * minimum[group], all of 4 bits but q, which has 2; groups of 16.</summary>
    public static (byte[] Block, double[] Values) Q2K(Random random)
    {
        double d = RandomHalf(random), dmin = RandomHalf(random);
        int[] scale = [.. Enumerable.Range(0, 16).Select(_ => random.Next(16))],
            minimum = [.. Enumerable.Range(0, 16).Select(_ => random.Next(16))];
        int[] q = [.. Enumerable.Range(0, 256).Select(_ => random.Next(4))];
        byte[] pairs = [.. scale.Zip(minimum, (s, m) => (byte)(s | m << 4))];
        return (
            [.. pairs, .. TwoBits(q), .. Half(d), .. Half(dmin)], [.. q.Select((n, i) => d * scale[i / 16] * n - dmin * minimum[i / 16])]);
    }

    /// <summary>value = d * (scale[group] - 32) * (q - 4), q of 3 bits, scales of 6, groups of 16.</summary>
    public static (byte[] Block, double[] Values) Q3K(Random random)
    {
        double d = RandomHalf(random);
        int[] scale = [.. Enumerable.Range(0, 16).Select(_ => random.Next(64))],
            q = [.. Enumerable.Range(0, 256).Select(_ => random.Next(8))];
        byte[] third = new byte[32], packed = new byte[12];
        for (int i = 0; i < 256; i++) third[i % 32] |= (byte)(q[i] >> 2 << (i / 32));
        for (int g = 0; g < 8; g++) packed[g] = (byte)(scale[g] & 15 | (scale[g + 8] & 15) << 4);
        for (int g = 0; g < 16; g++) packed[8 + g % 4] |= (byte)(scale[g] >> 4 << (g / 4 * 2));
        return (
            [.. third, .. TwoBits([.. q.Select(n => n & 3)]), .. packed, .. Half(d)],
            [.. q.Select((n, i) => d * (scale[i / 16] - 32) * (n - 4))]);
    }

    /// <summary>value = d * table[q]; with groups of 32, d is multiplied by a scale of 6 bits less 32.</summary>
    public static (byte[] Block, double[] Values) NonLinear(Random random, bool groups)
    {
        int[] table = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
        double d = RandomHalf(random);
        int count = groups ? 8 : 1, high = 0;
        int[] scale = [.. Enumerable.Range(0, 8).Select(_ => random.Next(64))],
            q = [.. Enumerable.Range(0, 32 * count).Select(_ => random.Next(16))];
        byte[] low = new byte[4];
        for (int g = 0; g < 8; g++)
        {
            low[g / 2] |= (byte)((scale[g] & 15) << (g % 2 * 4));
            high |= scale[g] >> 4 << (2 * g);
        }
        byte[] packed = [.. Enumerable.Range(0, count).SelectMany(g => Nibbles(q[(32 * g)..(32 * g + 32)]))];
        byte[] head = groups ? [.. BitConverter.GetBytes((ushort)high), .. low] : [];
        return ([.. Half(d), .. head, .. packed], [.. q.Select((n, i) => d * (groups ? scale[i / 32] - 32 : 1) * table[n])]);
    }

    /// <summary>value = 2^(e - 127) * float of 4 bits: sign, 2 of exponent (bias 1), 1 of mantissa.</summary>
    public static (byte[] Block, double[] Values) Mxfp4(Random random)
    {
        int exponent = random.Next(110, 140);
        int[] q = [.. Enumerable.Range(0, 32).Select(_ => random.Next(16))];
        double Value(int n)
        {
            int e = n >> 1 & 3, mantissa = n & 1;
            double magnitude = e == 0 ? mantissa * 0.5 : (1 + mantissa * 0.5) * Math.Pow(2, e - 1);
            return (n >= 8 ? -1 : 1) * magnitude * Math.Pow(2, exponent - 127);
        }
        return ([(byte)exponent, .. Nibbles(q)], [.. q.Select(Value)]);
    }

    /// <summary>Element i in the low half of byte i, element i + 16 in its high half.</summary>
    private static byte[] Nibbles(int[] q) => [.. Enumerable.Range(0, 16).Select(i => (byte)(q[i] & 15 | (q[i + 16] & 15) << 4))];

    /// <summary>128 elements in 32 bytes, each pair of bits 32 elements further.</summary>
    private static byte[] TwoBits(int[] q)
    {
        byte[] packed = new byte[64];
        for (int i = 0; i < 256; i++) packed[i / 128 * 32 + i % 32] |= (byte)(q[i] << (i % 128 / 32 * 2));
        return packed;
    }

    /// <summary>Several blocks and their values.</summary>
    public static (byte[] Data, double[] Values) Blocks(int count, Func<(byte[] Block, double[] Values)> block)
    {
        var made = Enumerable.Range(0, count).Select(_ => block()).ToArray();
        return ([.. made.SelectMany(b => b.Block)], [.. made.SelectMany(b => b.Values)]);
    }
}
