using System.Buffers.Binary;
using System.Text;
using Locutor.Checkpoints.Files;

namespace Locutor.Checkpoints.Quantised;

/// <summary>Reads the header of a GGUF file in sequence: numbers, texts and arrays.</summary>
internal sealed class GgufReader(MappedFile file)
{
    private const int LongestText = 16 << 20;
    private const long LongestArray = 16 << 20;

    public long Position { get; private set; }

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>Reads an unsigned 64-bit number; it has to be less than 2^62.</summary>
    public long Signed(string what) =>
        UInt64(what) is var value && value < 1UL << 62
            ? (long)value
            : throw new CheckpointException($"{file.Path}: {what}: expected under 2^62, found {value}");

    public string Text(string what)
    {
        ulong length = UInt64(what);
        if (length > LongestText)
            throw new CheckpointException($"{file.Path}: {what}: expected a text of at most {LongestText} bytes, found {length}");
        return Encoding.UTF8.GetString(Take((long)length, what));
    }

    /// <summary>Reads the value of a metadata entry, with its type.</summary>
    /// <returns>A uint for small unsigned numbers, otherwise a long, double, bool or string; long[] for arrays of integers, string[] for
    /// all other arrays.</returns>
    public object Value(string key)
    {
        uint type = UInt32($"{key}'s type");
        return type == 9 ? Array(key) : Scalar(key, type);
    }

    private object Scalar(string key, uint type) => type switch
    {
        0 => (uint)Take(1, key)[0],
        1 => (long)(sbyte)Take(1, key)[0],
        2 => (uint)BinaryPrimitives.ReadUInt16LittleEndian(Take(2, key)),
        3 => (long)BinaryPrimitives.ReadInt16LittleEndian(Take(2, key)),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, key)),
        5 => (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4, key)),
        6 => (double)BinaryPrimitives.ReadSingleLittleEndian(Take(4, key)),
        7 => Take(1, key)[0] != 0,
        8 => Text(key),
        10 or 11 => BinaryPrimitives.ReadInt64LittleEndian(Take(8, key)),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, key)),
        _ => throw new CheckpointException($"{file.Path}: {key}: expected metadata of type 0 to 12, found {type}"),
    };

    /// <summary>Reads an array. Its length is limited by the size of the file, because every element takes at least one byte.</summary>
    private object Array(string key)
    {
        uint type = UInt32($"{key}'s element type");
        if (type == 9) throw new CheckpointException($"{file.Path}: {key}: expected an array of plain values, found an array of arrays");
        ulong count = UInt64($"{key}'s length");
        if (count > LongestArray || count > (ulong)(file.Length - Position))
        {
            throw new CheckpointException(
                $"{file.Path}: {key}: expected at most {Math.Min(LongestArray, file.Length - Position)} elements, found {count}");
        }

        bool integers = type is <= 5 or 10 or 11;
        var numbers = new List<long>();
        var words = new List<string>();
        for (ulong i = 0; i < count; i++)
        {
            object value = Scalar(key, type);
            if (integers) numbers.Add(value is uint small ? small : (long)value);
            else words.Add(value.ToString() ?? "");
        }
        return integers ? numbers.ToArray() : words.ToArray();
    }

    private ReadOnlySpan<byte> Take(long length, string what)
    {
        var bytes = file.Slice(Position, length, what);
        Position += length;
        return bytes;
    }
}
