using System.Text;

namespace Locutor.Tests;

/// <summary>A tensor to be pickled: a view into numbered storage.</summary>
public sealed record Saved(string StorageClass, string Key, long StorageCount, long Offset, long[] Shape, long[] Strides);

/// <summary>Writes the bytes that Python's pickle (protocol 2) and torch.save write, opcode by opcode.</summary>
public sealed class Pickler
{
    private readonly List<byte> bytes = [];

    public byte[] Bytes => [.. bytes];

    public Pickler Op(params ReadOnlySpan<byte> more)
    {
        bytes.AddRange(more);
        return this;
    }

    public Pickler Start() => Op(0x80, 2);

    public Pickler Stop() => Op((byte)'.');

    public Pickler Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Op((byte)'X').Op(BitConverter.GetBytes(utf8.Length)).Op(utf8);
        return this;
    }

    public Pickler Global(string module, string name) => Op((byte)'c').Op(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));

    public Pickler Integer(long value) => value switch
    {
        >= 0 and < 256 => Op((byte)'K', (byte)value),
        >= 0 and < 65536 => Op((byte)'M').Op(BitConverter.GetBytes((ushort)value)),
        >= int.MinValue and <= int.MaxValue => Op((byte)'J').Op(BitConverter.GetBytes((int)value)),
        _ => Op(0x8a, 8).Op(BitConverter.GetBytes(value)),
    };

    public Pickler Tuple(long[] values)
    {
        Op((byte)'(');
        foreach (long value in values) Integer(value);
        return Op((byte)'t');
    }

    public Pickler OrderedDict() => Global("collections", "OrderedDict").Op((byte)')', (byte)'R');

    public Pickler Storage(Saved tensor, bool legacy)
    {
        Op((byte)'(').Text("storage").Global("torch", tensor.StorageClass).Text(tensor.Key).Text("cpu").Integer(tensor.StorageCount);
        if (legacy) Op((byte)'N');
        return Op((byte)'t', (byte)'Q');
    }

    public Pickler Tensor(Saved tensor, bool legacy = false) =>
        Global("torch._utils", "_rebuild_tensor_v2").Op((byte)'(').Storage(tensor, legacy).Integer(tensor.Offset).Tuple(tensor.Shape)
            .Tuple(tensor.Strides).Op(0x89).OrderedDict().Op((byte)'t', (byte)'R');

    public Pickler Dictionary(IEnumerable<(string Key, Action<Pickler> Value)> items, bool ordered = true)
    {
        if (ordered) OrderedDict();
        else Op((byte)'}');
        Op((byte)'(');
        foreach (var (key, value) in items)
        {
            Text(key);
            value(this);
        }
        Op((byte)'u');
        if (ordered) Op((byte)'}').Text("_metadata").OrderedDict().Op((byte)'s', (byte)'b');
        return this;
    }

    public static byte[] Whole(Action<Pickler> value)
    {
        var pickler = new Pickler().Start();
        value(pickler);
        return pickler.Stop().Bytes;
    }
}

/// <summary>Containers around a pickle and its storages.</summary>
public static class TorchSave
{
    public static byte[] Zip(
        byte[] pickle, IEnumerable<(string Key, byte[] Bytes)> storages, bool zip64 = false, string root = "archive",
        string byteorder = "little", int method = 0)
    {
        (string, byte[])[] files =
        [
            ($"{root}/data.pkl", pickle), ($"{root}/byteorder", Encoding.ASCII.GetBytes(byteorder)),
            .. storages.Select(s => ($"{root}/data/{s.Key}", s.Bytes)), ($"{root}/version", "3\n"u8.ToArray())
        ];
        using var output = new MemoryStream();
        using var directory = new MemoryStream();
        foreach (var (name, bytes) in files)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(name);
            long place = output.Length;
            int padding = (int)(64 - (place + 30 + utf8.Length + 4) % 64);
            byte[] extra = [(byte)'F', (byte)'B', .. BitConverter.GetBytes((ushort)padding), .. new byte[padding]];
            byte[] wide = zip64
                ? [
                    1, 0, 24, 0, .. BitConverter.GetBytes((long)bytes.Length), .. BitConverter.GetBytes((long)bytes.Length),
                    .. BitConverter.GetBytes(place)
                ]
                : [];
            uint size = zip64 ? uint.MaxValue : (uint)bytes.Length;
            byte[] common =
            [
                0, 0, 0, 8, (byte)method, 0, 0, 0, 0, 0, .. new byte[4], .. BitConverter.GetBytes(size), .. BitConverter.GetBytes(size),
                .. BitConverter.GetBytes((ushort)utf8.Length)
            ];
            output.Write([0x50, 0x4b, 3, 4, .. common, .. BitConverter.GetBytes((ushort)extra.Length), .. utf8, .. extra, .. bytes]);
            directory.Write(
                [
                    0x50, 0x4b, 1, 2, 0, 0, .. common, .. BitConverter.GetBytes((ushort)wide.Length), .. new byte[10],
                    .. BitConverter.GetBytes(zip64 ? uint.MaxValue : (uint)place), .. utf8, .. wide
                ]);
        }
        WriteDirectory(output, directory.ToArray(), files.Length, zip64);
        return output.ToArray();
    }

    /// <summary>Writes the central directory and its end.</summary>
    private static void WriteDirectory(MemoryStream output, byte[] directory, int files, bool zip64)
    {
        long start = output.Length;
        output.Write(directory);
        if (zip64)
        {
            long record = output.Length;
            output.Write(
                [
                    0x50, 0x4b, 6, 6, .. BitConverter.GetBytes(44L), .. new byte[12], .. BitConverter.GetBytes((long)files),
                    .. BitConverter.GetBytes((long)files), .. BitConverter.GetBytes(directory.LongLength),
                    .. BitConverter.GetBytes(start)
                ]);
            output.Write([0x50, 0x4b, 6, 7, 0, 0, 0, 0, .. BitConverter.GetBytes(record), 1, 0, 0, 0]);
        }
        byte[] count = BitConverter.GetBytes(zip64 ? ushort.MaxValue : (ushort)files);
        output.Write(
            [
                0x50, 0x4b, 5, 6, 0, 0, 0, 0, .. count, .. count,
                .. BitConverter.GetBytes(zip64 ? uint.MaxValue : (uint)directory.LongLength),
                .. BitConverter.GetBytes(zip64 ? uint.MaxValue : (uint)start), 0, 0
            ]);
    }

    public static byte[] Legacy(byte[] pickle, IReadOnlyList<(string Key, long Count, byte[] Bytes)> storages)
    {
        byte[] magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];
        byte[] version = Pickler.Whole(p => p.Integer(1001));
        byte[] system = Pickler.Whole(
            p => p.Dictionary([("little_endian", q => q.Op(0x88)), ("protocol_version", q => q.Integer(1001))], false));
        byte[] keys = Pickler.Whole(p =>
        {
            p.Op((byte)']', (byte)'(');
            foreach (var storage in storages) p.Text(storage.Key);
            p.Op((byte)'e');
        });
        return [
            .. magic, .. version, .. system, .. pickle, .. keys,
            .. storages.SelectMany(s => (byte[])[.. BitConverter.GetBytes(s.Count), .. s.Bytes])
        ];
    }
}
