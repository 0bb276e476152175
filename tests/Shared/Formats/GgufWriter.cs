using System.Text;

namespace Locutor.Tests;

/// <summary>Writes a small GGUF file. Quantised tensors are packed from chosen integers; their values follow from these by the formats' definition.</summary>
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
        entries.Add([.. String(key), 9, 0, 0, 0, 5, 0, 0, 0, .. BitConverter.GetBytes((long)values.Length), .. values.SelectMany(BitConverter.GetBytes)]);
        return this;
    }

    public byte[] Bytes()
    {
        var head = new List<byte>([.. "GGUF"u8, .. BitConverter.GetBytes(Version), .. BitConverter.GetBytes((long)tensors.Count), .. BitConverter.GetBytes(entries.Count + 1L)]);
        head.AddRange([.. String("general.alignment"), 4, 0, 0, 0, .. BitConverter.GetBytes(Alignment)]);
        foreach (byte[] entry in entries) head.AddRange(entry);
        var data = new List<byte>();
        foreach (var tensor in tensors)
        {
            while (data.Count % Alignment != 0) data.Add(0xee);
            head.AddRange([.. String(tensor.Name), .. BitConverter.GetBytes(tensor.Shape.Length), .. tensor.Shape.Reverse().SelectMany(BitConverter.GetBytes), .. BitConverter.GetBytes(tensor.Type), .. BitConverter.GetBytes((long)data.Count)]);
            data.AddRange(tensor.Data);
        }
        while (head.Count % Alignment != 0) head.Add(0xee);
        return [.. head, .. data];
    }

    private static byte[] String(string text) => [.. BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

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
        int[] scale = [.. Enumerable.Range(0, 8).Select(_ => random.Next(64))], minimum = [.. Enumerable.Range(0, 8).Select(_ => random.Next(64))];
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
        return ([.. Half(d), .. Half(dmin), .. packed, .. five ? fifth : [], .. low], [.. q.Select((n, i) => d * scale[i / 32] * n - dmin * minimum[i / 32])]);
    }

    /// <summary>value = d * scale[group] * (q - 32), q of 6 bits, groups of 16.</summary>
    public static (byte[] Block, double[] Values) Q6K(Random random)
    {
        double d = RandomHalf(random);
        int[] scale = [.. Enumerable.Range(0, 16).Select(_ => random.Next(-128, 128))], q = [.. Enumerable.Range(0, 256).Select(_ => random.Next(64))];
        byte[] low = new byte[128], high = new byte[64];
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128, within = i % 128;
            low[half * 64 + within % 64] |= (byte)((q[i] & 15) << (within / 64 * 4));
            high[half * 32 + within % 32] |= (byte)(q[i] >> 4 << (within / 32 * 2));
        }
        return ([.. low, .. high, .. scale.Select(n => (byte)n), .. Half(d)], [.. q.Select((n, i) => d * scale[i / 16] * (n - 32))]);
    }

    /// <summary>Several blocks and their values.</summary>
    public static (byte[] Data, double[] Values) Blocks(int count, Func<(byte[] Block, double[] Values)> block)
    {
        var made = Enumerable.Range(0, count).Select(_ => block()).ToArray();
        return ([.. made.SelectMany(b => b.Block)], [.. made.SelectMany(b => b.Values)]);
    }
}
