using System.Buffers.Binary;
using Locutor.Checkpoints;

namespace Locutor.Networks.Tokenizer;

/// <summary>Reads the fields of one protobuf message (https://protobuf.dev/programming-guides/encoding); every length is checked.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> rest = message;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Value of a numeric field: a varint, or the bits of a 32- or 64-bit value.</summary>
    public ulong Number { get; private set; }

    /// <summary>Value of a field with text, bytes or a message.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public readonly float Single => BitConverter.Int32BitsToSingle((int)Number);

    /// <summary>Reads the next field; returns false at the end.</summary>
    public bool Next()
    {
        if (rest.IsEmpty) return false;
        ulong tag = Varint();
        Field = tag >> 3 is > 0 and <= int.MaxValue and var field ? (int)field : throw Broken($"expected a field number, found {tag >> 3}");
        Bytes = [];
        Number = 0;
        switch (tag & 7)
        {
            case 0: Number = Varint(); break;
            case 1: Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8)); break;
            case 2: Bytes = Take(Varint()); break;
            case 5: Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4)); break;
            default: throw Broken($"expected wire type 0, 1, 2 or 5 for field {Field}, found {tag & 7}");
        }
        return true;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 127) << shift;
            if (part < 128) return value;
        }
        throw Broken("expected a varint of at most 10 bytes");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)rest.Length) throw Broken($"expected {count} bytes, found {rest.Length}");
        var taken = rest[..(int)count];
        rest = rest[(int)count..];
        return taken;
    }

    private static CheckpointException Broken(string what) => new($"protobuf: {what}");
}
