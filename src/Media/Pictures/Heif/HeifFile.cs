using System.Buffers.Binary;
using Locutor.Media.Files;

namespace Locutor.Media.Pictures.Heif;

/// <summary>
/// The items of an HEIF file (ISO/IEC 23008-12) and the position of their bytes. The packaged libvips reads the container but has no HEVC
/// decoder, and Debian's ffmpeg has the decoder but does not read the container; so this class reads the container.
/// </summary>
internal sealed class HeifFile
{
    private const int LargestMeta = 16 << 20, MostItems = 20_000, MostExtents = 100_000;

    private readonly MediaFile file;
    private readonly byte[] meta;
    private readonly Dictionary<uint, HeifItem> items = [];
    private byte[] own = [];
    private uint primary;

    private HeifFile(MediaFile file, byte[] meta)
    {
        this.file = file;
        this.meta = meta;
    }

    /// <summary>The item that viewers show.</summary>
    public HeifItem Primary => items.GetValueOrDefault(primary) ?? throw file.Damaged("its main picture is missing");

    /// <summary>Width and height of the main picture in pixels, before it is turned.</summary>
    public (int Width, int Height) Size => (Small(Primary.Size.Width), Small(Primary.Size.Height));

    /// <summary>Reads the items of a file.</summary>
    /// <exception cref="MediaException">The file is truncated, has no picture, or its boxes are invalid.</exception>
    public static HeifFile Open(MediaFile file)
    {
        try
        {
            using var stream = File.OpenRead(file.FullPath);
            var heif = new HeifFile(file, Meta(file, stream));
            heif.Read();
            return heif;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) // includes EndOfStreamException
        {
            throw file.Damaged(e.Message, e);
        }
    }

    public IReadOnlyList<HeifItem> PartsOf(HeifItem item) =>
        [.. item.Parts.Select(id => items.GetValueOrDefault(id) ?? throw file.Damaged($"tile {id} is missing"))];

    /// <summary>Returns the bytes of an item.</summary>
    public byte[] Data(HeifItem item)
    {
        long length = item.Extents.Sum(extent => extent.Length);
        if (length is <= 0 or > int.MaxValue) throw file.Damaged($"an item of {length} bytes");
        byte[] data = new byte[length];
        using var stream = File.OpenRead(file.FullPath);
        int at = 0;
        foreach (var (offset, count) in item.Extents)
        {
            if (item.InMeta)
            {
                own.AsSpan((int)offset, (int)count).CopyTo(data.AsSpan(at));
            }
            else
            {
                stream.Position = offset;
                stream.ReadExactly(data, at, (int)count);
            }
            at += (int)count;
        }
        return data;
    }

    private static int Small(long side) => (int)Math.Min(side, int.MaxValue);

    private static byte[] Meta(MediaFile file, FileStream stream)
    {
        byte[] head = new byte[16];
        for (long at = 0; at + 8 <= stream.Length;)
        {
            stream.Position = at;
            int headLength = stream.ReadAtLeast(head, 16, throwOnEndOfStream: false) < 16 ? 8 : 16;
            ulong size = BinaryPrimitives.ReadUInt32BigEndian(head), content = 8;
            if (size == 1 && headLength == 16) (size, content) = (BinaryPrimitives.ReadUInt64BigEndian(head.AsSpan(8)), 16);
            if (size == 0) size = (ulong)(stream.Length - at);
            if (size < content || size > (ulong)(stream.Length - at)) break;
            if (head.AsSpan(4, 4).SequenceEqual("meta"u8))
            {
                if (size - content > LargestMeta) throw file.TooLarge($"a description of {size} bytes, expected at most {LargestMeta}");
                byte[] box = new byte[size - content];
                stream.Position = at + (long)content;
                stream.ReadExactly(box);
                return box;
            }
            at += (long)size;
        }
        throw file.Damaged("it holds no picture");
    }

    private void Read()
    {
        var reader = new BoxReader(meta);
        reader.Version();
        byte[] locations = [], associations = [], references = [];
        var properties = new List<HeifProperty>();
        while (!reader.AtEnd)
        {
            var box = new BoxReader(reader.Box(out string type));
            switch (type)
            {
                case "pitm": primary = (uint)box.Number(box.Version() == 0 ? 2 : 4); break;
                case "iinf": ReadItems(box); break;
                case "iloc": locations = box.Rest.ToArray(); break;
                case "iref": references = box.Rest.ToArray(); break;
                case "idat": own = box.Rest.ToArray(); break;
                case "iprp": associations = ReadProperties(box, properties); break;
            }
        }
        Locate(new BoxReader(locations));
        Refer(new BoxReader(references));
        Associate(new BoxReader(associations), properties);
    }

    private void ReadItems(BoxReader box)
    {
        ulong count = box.Number(box.Version() == 0 ? 2 : 4);
        if (count > MostItems) throw file.TooLarge($"{count} items, expected at most {MostItems}");
        for (ulong i = 0; i < count && !box.AtEnd; i++)
        {
            var entry = new BoxReader(box.Box(out _));
            int version = entry.Version();
            if (version < 2) continue; // these versions describe files, not pictures
            uint id = (uint)entry.Number(version == 2 ? 2 : 4);
            entry.Take(2);
            items[id] = new HeifItem(entry.Type());
        }
    }

    private void Locate(BoxReader box)
    {
        if (box.AtEnd) return;
        int version = box.Version(), sizes = box.UInt16(), extents = 0;
        int offsetSize = sizes >> 12, lengthSize = sizes >> 8 & 15, baseSize = sizes >> 4 & 15, indexSize = version > 0 ? sizes & 15 : 0;
        ulong count = box.Number(version < 2 ? 2 : 4);
        for (ulong i = 0; i < count && !box.AtEnd; i++)
        {
            var item = items.GetValueOrDefault((uint)box.Number(version < 2 ? 2 : 4)) ?? new HeifItem("");
            int method = version > 0 ? box.UInt16() & 15 : 0;
            item.InMeta = method == 1;
            box.Take(2);
            ulong start = box.Number(baseSize);
            int parts = box.UInt16();
            if ((extents += parts) > MostExtents) throw file.TooLarge($"more than {MostExtents} pieces");
            for (int part = 0; part < parts; part++)
            {
                box.Number(indexSize);
                ulong offset = start + box.Number(offsetSize), length = box.Number(lengthSize);
                long room = item.InMeta ? own.Length : new FileInfo(file.FullPath).Length;
                if (method > 1 || offset > (ulong)room || length > (ulong)room - offset)
                    throw file.Damaged($"an item at [{offset}, {offset + length}) of {room} bytes");
                item.Extents.Add(((long)offset, (long)length));
            }
        }
    }

    private void Refer(BoxReader box)
    {
        if (box.AtEnd) return;
        int size = box.Version() == 0 ? 2 : 4;
        while (!box.AtEnd)
        {
            var reference = new BoxReader(box.Box(out string type));
            var from = items.GetValueOrDefault((uint)reference.Number(size));
            int count = reference.UInt16();
            for (int i = 0; i < count; i++)
            {
                uint to = (uint)reference.Number(size);
                if (type == "dimg") from?.Parts.Add(to);
            }
        }
    }

    private static byte[] ReadProperties(BoxReader box, List<HeifProperty> properties)
    {
        byte[] associations = [];
        while (!box.AtEnd)
        {
            var inner = new BoxReader(box.Box(out string type));
            if (type == "ipma") associations = inner.Rest.ToArray();
            while (type == "ipco" && !inner.AtEnd)
            {
                byte[] content = inner.Box(out string property).ToArray();
                properties.Add(new HeifProperty(property, content));
            }
        }
        return associations;
    }

    private void Associate(BoxReader box, List<HeifProperty> properties)
    {
        if (box.AtEnd) return;
        int version = box.Byte();
        box.Take(2);
        bool wide = (box.Byte() & 1) == 1;
        uint count = box.UInt32();
        for (uint i = 0; i < count && !box.AtEnd; i++)
        {
            var item = items.GetValueOrDefault((uint)box.Number(version == 0 ? 2 : 4));
            int links = box.Byte();
            for (int link = 0; link < links; link++)
            {
                int index = wide ? box.UInt16() & 0x7FFF : box.Byte() & 0x7F;
                if (index > properties.Count) throw file.Damaged($"property {index} of {properties.Count}");
                if (index > 0) item?.Properties.Add(properties[index - 1]);
            }
        }
    }
}
