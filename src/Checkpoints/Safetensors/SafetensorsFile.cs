using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text.Json;

namespace Locutor.Checkpoints.Safetensors;

/// <summary>A memory-mapped safetensors file. Format: https://huggingface.co/docs/safetensors (8-byte header length, JSON header, data).</summary>
public sealed class SafetensorsFile : Checkpoint
{
    private const int LongestHeader = 100 << 20;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly Dictionary<string, CheckpointTensor> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);

    private unsafe SafetensorsFile(string path)
    {
        Source = path;
        long length = new FileInfo(path).Length;
        if (length < 8) throw Broken($"expected at least 8 bytes, found {length}");
        file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        ulong header = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(start, 8));
        if (header > (ulong)Math.Min(LongestHeader, length - 8)) throw Broken($"header of {header} bytes in a file of {length}");
        Read(new ReadOnlySpan<byte>(start + 8, (int)header), (nint)start + 8 + (nint)header, length - 8 - (long)header);
    }

    public override string Source { get; }

    public override IReadOnlyDictionary<string, CheckpointTensor> Tensors => tensors;

    public override IReadOnlyDictionary<string, string> Metadata => metadata;

    public static new SafetensorsFile Open(string path) => new(path);

    private void Read(ReadOnlySpan<byte> header, nint data, long dataLength)
    {
        using var json = JsonDocument.Parse(header.ToArray());
        foreach (var entry in json.RootElement.EnumerateObject())
        {
            if (entry.NameEquals("__metadata__"))
            {
                foreach (var item in entry.Value.EnumerateObject()) metadata[item.Name] = item.Value.GetString() ?? "";
                continue;
            }
            var type = entry.Value.GetProperty("dtype").GetString() switch
            {
                "BOOL" => ElementType.Bool,
                "U8" => ElementType.UInt8,
                "I8" => ElementType.Int8,
                "I16" => ElementType.Int16,
                "I32" => ElementType.Int32,
                "I64" => ElementType.Int64,
                "F8_E4M3" => ElementType.Float8E4M3,
                "F8_E5M2" => ElementType.Float8E5M2,
                "F16" => ElementType.Float16,
                "BF16" => ElementType.BFloat16,
                "F32" => ElementType.Float32,
                "F64" => ElementType.Float64,
                var other => throw Broken($"tensor {entry.Name} has unknown dtype {other}"),
            };
            long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(n => n.GetInt64())];
            long[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(n => n.GetInt64())];
            long bytes = shape.Aggregate((long)type.Size(), (product, n) => checked(product * n));
            if (offsets[0] < 0 || offsets[1] > dataLength || offsets[1] - offsets[0] != bytes)
                throw Broken($"tensor {entry.Name} needs {bytes} bytes, found [{offsets[0]}, {offsets[1]}) of {dataLength}");
            tensors.Add(entry.Name, new CheckpointTensor(entry.Name, type, shape, data + (nint)offsets[0], bytes));
        }
    }

    private CheckpointException Broken(string what) => new($"{Source}: {what}");

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
    }
}
