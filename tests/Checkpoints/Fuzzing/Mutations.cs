using System.Buffers.Binary;

namespace Locutor.Checkpoints.Tests.Fuzzing;

/// <summary>Changes files in the ways that have broken parsers before.</summary>
internal sealed class Mutations(Random random, IReadOnlyList<byte[]> corpus)
{
    private static readonly long[] Interesting =
    [
        0, 1, -1, 7, 8, 16, 127, 128, 255, 256, 4096, short.MaxValue, ushort.MaxValue, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32,
        1L << 40, 1L << 62, long.MaxValue, long.MinValue,
    ];

    public byte[] Next()
    {
        byte[] bytes = (byte[])corpus[random.Next(corpus.Count)].Clone();
        for (int n = random.Next(1, 6); n > 0 && bytes.Length > 0; n--) bytes = Change(bytes);
        return bytes;
    }

    private byte[] Change(byte[] bytes)
    {
        int place = Place(bytes.Length);
        switch (random.Next(10))
        {
            case 0: bytes[place] ^= (byte)(1 << random.Next(8)); return bytes;
            case 1: bytes[place] = (byte)random.Next(256); return bytes;
            case 2: bytes[place] = (byte)(bytes[place] + random.Next(-4, 5)); return bytes;
            case 3: return bytes[..place];
            case 4: return [.. bytes.AsSpan(0, place), .. Slice(bytes), .. bytes.AsSpan(place)];
            case 5: return [.. bytes.AsSpan(0, place), .. bytes.AsSpan(Math.Min(bytes.Length, place + random.Next(1, 32)))];
            case 6: return Splice(bytes, place);
            case 7: return Digits(bytes, place);
            default: return Number(bytes, place);
        }
    }

    /// <summary>Headers and directories are where the decisions are: half of all changes hit the first or last 512 bytes.</summary>
    private int Place(int length) => random.Next(4) switch
    {
        0 => random.Next(Math.Min(512, length)),
        1 => length - 1 - random.Next(Math.Min(512, length)),
        _ => random.Next(length),
    };

    private byte[] Number(byte[] bytes, int place)
    {
        long value = Interesting[random.Next(Interesting.Length)] + random.Next(-1, 2);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        int width = 1 << random.Next(4);
        number[..Math.Min(width, bytes.Length - place)].CopyTo(bytes.AsSpan(place));
        return bytes;
    }

    /// <summary>For headers in text: a run of digits becomes another number.</summary>
    private byte[] Digits(byte[] bytes, int place)
    {
        int start = bytes.AsSpan(place).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (start < 0) return bytes;
        start += place;
        int end = start;
        while (end < bytes.Length && char.IsAsciiDigit((char)bytes[end])) end++;
        return [
            .. bytes.AsSpan(0, start), .. System.Text.Encoding.ASCII.GetBytes($"{Interesting[random.Next(Interesting.Length)]}"),
            .. bytes.AsSpan(end)
        ];
    }

    private byte[] Splice(byte[] bytes, int place)
    {
        byte[] other = corpus[random.Next(corpus.Count)];
        return [.. bytes.AsSpan(0, place), .. other.AsSpan(random.Next(other.Length))];
    }

    private ReadOnlySpan<byte> Slice(byte[] bytes)
    {
        int start = random.Next(bytes.Length);
        return bytes.AsSpan(start, Math.Min(random.Next(64), bytes.Length - start));
    }
}
