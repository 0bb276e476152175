using System.Buffers.Binary;
using System.Text;
using Locutor.Checkpoints.Files;

namespace Locutor.Checkpoints.Pickle;

/// <summary>A file in a zip archive that is stored without compression.</summary>
internal sealed record ZipEntry(string Name, long Offset, long Length);

/// <summary>
/// The uncompressed entries of a zip archive as torch.save writes them, found through the central directory (APPNOTE 6.3, with zip64).
/// Nothing is decompressed, so no entry can be larger than the file.
/// </summary>
internal sealed class ZipDirectory
{
    private const int EndLength = 22, LocatorLength = 20, End64Length = 56, CentralLength = 46, LocalLength = 30, MostEntries = 1_000_000;
    private readonly MappedFile file;
    private readonly Dictionary<string, Header> headers = new(StringComparer.Ordinal);

    public ZipDirectory(MappedFile file)
    {
        this.file = file;
        var (entries, offset, length) = FindDirectory();
        if (entries > MostEntries || entries > length / CentralLength)
        {
            throw Broken(
                $"expected at most {Math.Min(MostEntries, length / CentralLength)} entries in a directory of {length} bytes, found " +
                $"{entries}");
        }

        for (long i = 0, place = offset, end = offset + length; i < entries; i++) place = ReadHeader(place, end);
    }

    public IEnumerable<string> Names => headers.Keys;

    /// <summary>Returns the position of an entry's bytes, or null if there is no entry of that name.</summary>
    public ZipEntry? Find(string name)
    {
        if (!headers.TryGetValue(name, out var header)) return null;
        if (header.Encrypted) throw Broken($"{name}: expected no encryption");
        if (header.Method != 0 || header.Packed != header.Length)
        {
            throw Broken(
                $"{name}: expected {header.Length} bytes stored without compression, found method {header.Method} and {header.Packed} " +
                "bytes");
        }

        var local = file.Slice(header.Local, LocalLength, $"{name}'s local header");
        if (BinaryPrimitives.ReadUInt32LittleEndian(local) != 0x04034b50)
            throw Broken($"{name}: expected a local header at {header.Local}");
        long start = header.Local + LocalLength + BinaryPrimitives.ReadUInt16LittleEndian(local[26..])
            + BinaryPrimitives.ReadUInt16LittleEndian(local[28..]);
        if (start > file.Length - header.Length)
            throw Broken($"{name}: needs bytes [{start}, {(Int128)start + header.Length}), found a file of {file.Length} bytes");
        return new ZipEntry(name, start, header.Length);
    }

    private (long Entries, long Offset, long Length) FindDirectory()
    {
        long end = FindEnd();
        var record = file.Slice(end, EndLength, "the zip's end record");
        long entries = BinaryPrimitives.ReadUInt16LittleEndian(record[10..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(record[12..]), offset = BinaryPrimitives.ReadUInt32LittleEndian(record[16..]);
        if (end >= LocatorLength
            && BinaryPrimitives.ReadUInt32LittleEndian(file.Slice(end - LocatorLength, LocatorLength, "the zip64 locator"))
            == 0x07064b50)
        {
            long place = Signed(file.Slice(end - LocatorLength + 8, 8, "the zip64 locator"), "zip64 end record's place");
            var record64 = file.Slice(place, End64Length, "the zip64 end record");
            if (BinaryPrimitives.ReadUInt32LittleEndian(record64) != 0x06064b50) throw Broken($"expected a zip64 end record at {place}");
            entries = Signed(record64[32..], "number of entries");
            length = Signed(record64[40..], "directory's length");
            offset = Signed(record64[48..], "directory's place");
        }
        if (offset > end || length > end - offset)
            throw Broken($"expected the zip's directory before {end}, found [{offset}, {(Int128)offset + length})");
        return (entries, offset, length);
    }

    private long FindEnd()
    {
        for (long end = file.Length - EndLength; end >= Math.Max(0, file.Length - EndLength - ushort.MaxValue); end--)
        {
            var record = file.Slice(end, EndLength, "the zip's end record");
            if (BinaryPrimitives.ReadUInt32LittleEndian(record) == 0x06054b50
                && BinaryPrimitives.ReadUInt16LittleEndian(record[20..]) == file.Length - end - EndLength)
            {
                return end;
            }
        }
        throw Broken($"expected a zip directory at the end of {file.Length} bytes, found none; the file may be cut short");
    }

    private long ReadHeader(long place, long end)
    {
        if (place > end - CentralLength)
            throw Broken($"expected a directory entry of {CentralLength} bytes at {place}, found the directory's end at {end}");
        var fixedPart = file.Slice(place, CentralLength, "a directory entry");
        if (BinaryPrimitives.ReadUInt32LittleEndian(fixedPart) != 0x02014b50) throw Broken($"expected a directory entry at {place}");
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(fixedPart[28..]),
            extraLength = BinaryPrimitives.ReadUInt16LittleEndian(fixedPart[30..]);
        long next = place + CentralLength + nameLength + extraLength + BinaryPrimitives.ReadUInt16LittleEndian(fixedPart[32..]);
        if (next > end) throw Broken($"expected the directory entry at {place} to end by {end}, found {next}");
        string name = Encoding.UTF8.GetString(file.Slice(place + CentralLength, nameLength, "an entry's name"));
        var header = new Header(
            (BinaryPrimitives.ReadUInt16LittleEndian(fixedPart[8..]) & 1) != 0,
            BinaryPrimitives.ReadUInt16LittleEndian(fixedPart[10..]),
            BinaryPrimitives.ReadUInt32LittleEndian(fixedPart[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(fixedPart[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(fixedPart[42..]));
        header = Widen(name, header, file.Slice(place + CentralLength + nameLength, extraLength, "an entry's extra field"));
        if (!headers.TryAdd(name, header)) throw Broken($"{name}: expected once, found twice");
        return next;
    }

    /// <summary>Reads the fields that are 0xffffffff from the zip64 extra field; their order is length, packed length, position.</summary>
    private Header Widen(string name, Header header, ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra), size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4) throw Broken($"{name}: expected an extra field of {size} bytes, found {extra.Length - 4}");
            var field = extra.Slice(4, size);
            if (id == 1)
            {
                if (header.Length == uint.MaxValue) header = header with { Length = Next(name, ref field) };
                if (header.Packed == uint.MaxValue) header = header with { Packed = Next(name, ref field) };
                if (header.Local == uint.MaxValue) header = header with { Local = Next(name, ref field) };
            }
            extra = extra[(4 + size)..];
        }
        return header;
    }

    private long Next(string name, ref ReadOnlySpan<byte> field)
    {
        if (field.Length < 8) throw Broken($"{name}: expected 8 bytes more in the zip64 field, found {field.Length}");
        long value = Signed(field, $"{name}'s zip64 field");
        field = field[8..];
        return value;
    }

    private long Signed(ReadOnlySpan<byte> bytes, string what)
    {
        long value = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return value >= 0 ? value : throw Broken($"expected the {what} to be under 2^63, found {(ulong)value}");
    }

    private CheckpointException Broken(string what) => new($"{file.Path}: {what}");

    private sealed record Header(bool Encrypted, int Method, long Packed, long Length, long Local);
}
