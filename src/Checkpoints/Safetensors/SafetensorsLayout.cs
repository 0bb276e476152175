using System.Buffers.Binary;
using System.Text.Json;

namespace Locutor.Checkpoints.Safetensors;

/// <summary>Where each tensor of a file to be written will lie, and the header that says so.</summary>
internal sealed class SafetensorsLayout
{
    /// <summary>Data begin where vector instructions like them to, as in memory that was allocated: matrix products round differently elsewhere.</summary>
    private const int Alignment = 64;

    /// <param name="path">For messages.</param>
    /// <param name="outlines">Every tensor that will be written. Wide element types come first in the file, so that all data stay aligned.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <exception cref="CheckpointException">Two tensors of one name, or a shape that no file can hold.</exception>
    public SafetensorsLayout(string path, IEnumerable<TensorOutline> outlines, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        foreach (var outline in outlines.OrderByDescending(o => o.Type.Size()))
        {
            long bytes = Shapes.ByteLength(outline.Shape, outline.Type.Size()) ?? throw new CheckpointException($"{path}: tensor {outline.Name}: expected a shape of axes >= 0 under 2^62 bytes, found {Shapes.Text(outline.Shape)}");
            if (SafetensorsTypes.Name(outline.Type) is null) throw new CheckpointException($"{path}: tensor {outline.Name}: expected one of {SafetensorsTypes.Known}, found {outline.Type}");
            if (!names.Add(outline.Name)) throw new CheckpointException($"{path}: tensor {outline.Name}: expected once, found twice");
            Entries.Add(new SafetensorsEntry(outline.Name, outline.Type, outline.Shape, DataLength, DataLength + bytes));
            DataLength += bytes;
        }
        Header = WriteHeader(metadata);
    }

    /// <summary>In the order of the file; Begin and End count from the end of the header.</summary>
    public List<SafetensorsEntry> Entries { get; } = [];

    public long DataLength { get; }

    /// <summary>The length, then JSON, padded to a multiple of <see cref="Alignment"/>.</summary>
    public byte[] Header { get; }

    private byte[] WriteHeader(IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            foreach (var entry in Entries) Write(json, entry);
            json.WriteEndObject();
        }
        while (buffer.Length % Alignment != 0) buffer.WriteByte((byte)' ');
        byte[] header = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }

    private static void Write(Utf8JsonWriter json, SafetensorsEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", SafetensorsTypes.Name(entry.Type));
        json.WriteStartArray("shape");
        foreach (long n in entry.Shape) json.WriteNumberValue(n);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(entry.Begin);
        json.WriteNumberValue(entry.End);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
