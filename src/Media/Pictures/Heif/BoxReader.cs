using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media.Pictures.Heif;

/// <summary>
/// Reads numbers and boxes of ISO/IEC 14496-12 in sequence; they are big-endian. Reading past the end throws
/// <see cref="EndOfStreamException"/>.
/// </summary>
internal ref struct BoxReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    public readonly bool AtEnd => rest.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => rest;

    public ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > rest.Length) throw new EndOfStreamException("a box ends early");
        var taken = rest[..(int)count];
        rest = rest[(int)count..];
        return taken;
    }

    /// <summary>Reads an unsigned number of 0, 1, 2, 4 or 8 bytes.</summary>
    public ulong Number(int size)
    {
        ulong value = 0;
        foreach (byte b in Take(size)) value = value << 8 | b;
        return value;
    }

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public int UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public int Byte() => Take(1)[0];

    public string Type() => Encoding.Latin1.GetString(Take(4));

    /// <summary>Reads the next box: its type and its content.</summary>
    public ReadOnlySpan<byte> Box(out string type)
    {
        ulong size = UInt32(), head = 8;
        type = Type();
        if (size == 1) (size, head) = (Number(8), 16);
        if (size == 0) size = (ulong)rest.Length + head;
        if (size < head || size - head > (ulong)rest.Length) throw new EndOfStreamException($"box {type} ends early");
        return Take((long)(size - head));
    }

    /// <summary>Reads version and flags, with which many boxes begin, and returns the version.</summary>
    public int Version()
    {
        int version = Byte();
        Take(3);
        return version;
    }
}
