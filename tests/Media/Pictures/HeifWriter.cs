using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media.Tests.Pictures;

/// <summary>Packs HEVC pictures that ffmpeg made into an HEIC file (ISO/IEC 23008-12), alone or as a grid of tiles, as phones do.</summary>
internal static class HeifWriter
{
    /// <param name="tiles">Byte streams of one HEVC key frame each, row by row.</param>
    /// <param name="tileSide">Pixels of a tile.</param>
    /// <param name="columns">Tiles in a row.</param>
    /// <param name="size">The size of the whole picture.</param>
    /// <param name="properties">Further properties of the whole picture, such as a rotation.</param>
    public static byte[] Grid(
        byte[][] tiles, (int Width, int Height) tileSide, int columns, (int Width, int Height) size, params byte[][] properties)
    {
        int rows = tiles.Length / columns, first = 2;
        byte[] grid = [0, 0, (byte)(rows - 1), (byte)(columns - 1), .. Short(size.Width), .. Short(size.Height)];
        byte[][] items = [grid, .. tiles.Select(Lengths)];
        byte[] infos = [.. Info(1, "grid"), .. tiles.SelectMany((_, i) => Info(first + i, "hvc1"))];
        byte[] tileIds = [.. tiles.SelectMany((_, i) => Short(first + i))];
        byte[] references = FullBox("iref", Box("dimg", Short(1), Short(tiles.Length), tileIds));
        byte[][] shared = [Configuration(tiles[0]), Size(tileSide), Size(size), .. properties];
        byte[] wholeLinks = [.. Enumerable.Range(3, 1 + properties.Length).Select(i => (byte)i)];
        byte[] links =
        [
            .. Short(1), (byte)wholeLinks.Length, .. wholeLinks, .. tiles.SelectMany((_, i) => (byte[])[.. Short(first + i), 2, 0x81, 2])
        ];
        byte[] associations = FullBox("ipma", Long(1 + tiles.Length), links);
        return File(items, infos, references, shared, associations);
    }

    public static byte[] Single(byte[] picture, (int Width, int Height) size, params byte[][] properties)
    {
        byte[][] shared = [Configuration(picture), Size(size), .. properties];
        byte[] links = [.. Short(1), (byte)shared.Length, .. Enumerable.Range(1, shared.Length).Select(i => (byte)i)];
        return File([Lengths(picture)], Info(1, "hvc1"), [], shared, FullBox("ipma", Long(1), links));
    }

    /// <summary>Counter-clockwise, in quarter turns.</summary>
    public static byte[] Rotation(int quarters) => Box("irot", [(byte)quarters]);

    public static byte[] Profile(byte[] icc) => Box("colr", "prof"u8.ToArray(), icc);

    private static byte[] File(byte[][] items, byte[] infos, byte[] references, byte[][] properties, byte[] associations)
    {
        byte[] type = Box("ftyp", "heic\0\0\0\0mif1heic"u8.ToArray());
        byte[] Meta(int start)
        {
            var places = new List<byte>([0x44, 0x00, .. Short(items.Length)]);
            for (int i = 0, at = start; i < items.Length; at += items[i++].Length)
                places.AddRange([.. Short(i + 1), 0, 0, .. Short(1), .. Long(at), .. Long(items[i].Length)]);
            return FullBox(
                "meta", FullBox("hdlr", [0, 0, 0, 0, .. "pict"u8, .. new byte[13]]), FullBox("pitm", Short(1)),
                FullBox("iloc", [.. places]),
                FullBox("iinf", Short(items.Length), infos), Box("iprp", Box("ipco", [.. properties.SelectMany(p => p)]), associations),
                references);
        }
        int before = type.Length + Meta(0).Length + 8;
        return [.. type, .. Meta(before), .. Box("mdat", items)];
    }

    private static byte[] Info(int id, string type) => Box("infe", [2, 0, 0, 0], Short(id), Short(0), Encoding.ASCII.GetBytes(type), [0]);

    private static byte[] Size((int Width, int Height) size) => FullBox("ispe", Long(size.Width), Long(size.Height));

    /// <summary>hvcC: 22 bytes that no decoder here needs but the last, then the parameter sets.</summary>
    private static byte[] Configuration(byte[] stream)
    {
        byte[][] sets = [.. Units(stream).Where(IsParameter)];
        byte[] arrays =
        [
            .. sets.SelectMany(unit => (byte[])[(byte)(0x80 | unit[0] >> 1 & 63), .. Short(1), .. Short(unit.Length), .. unit])
        ];
        return Box("hvcC", [1, .. new byte[20], 3, (byte)sets.Length], arrays);
    }

    private static byte[] Lengths(byte[] stream) =>
        [.. Units(stream).Where(unit => !IsParameter(unit)).SelectMany(unit => (byte[])[.. Long(unit.Length), .. unit])];

    private static bool IsParameter(byte[] unit) => (unit[0] >> 1 & 63) is >= 32 and <= 34;

    /// <summary>Split at the start codes 00 00 01.</summary>
    private static IEnumerable<byte[]> Units(byte[] stream)
    {
        int start = -1;
        for (int i = 0; i + 2 < stream.Length; i++)
        {
            if (stream[i] != 0 || stream[i + 1] != 0 || stream[i + 2] != 1) continue;
            if (start >= 0) yield return Trim(stream[start..i]);
            start = i + 3;
        }
        yield return stream[start..];
    }

    private static byte[] Trim(byte[] unit) => unit[^1] == 0 ? unit[..^1] : unit;

    private static byte[] FullBox(string type, params byte[][] parts) => Box(type, [[0, 0, 0, 0], .. parts]);

    private static byte[] Box(string type, params byte[][] parts) =>
        [.. Long(8 + parts.Sum(p => p.Length)), .. Encoding.ASCII.GetBytes(type), .. parts.SelectMany(p => p)];

    private static byte[] Short(int value) => [(byte)(value >> 8), (byte)value];

    private static byte[] Long(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
