using System.Buffers.Binary;
using System.Text.Json;

namespace Locutor.Checkpoints.Safetensors;

/// <summary>The layout of a new safetensors file: the offset of each tensor, and the header.</summary>
internal sealed class SafetensorsLayout
{
    /// <summary>
    /// Alignment of the data in bytes, equal to that of allocated memory: vector instructions, and so the rounding of matrix products,
    /// depend on it.
    /// </summary>
    private const int Alignment = 64;

    /// <summary>Assigns an offset to every tensor.</summary>
    /// <param name="path">The file, for error messages.</param>
    /// <param name="outlines">All tensors that will be written. Wider element types are placed first, so that all data are aligned to their
    /// element size.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <exception cref="CheckpointException">Two tensors have the same name, or a tensor cannot be stored in the format.</exception>
    public SafetensorsLayout(string path, IEnumerable<TensorOutline> outlines, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        foreach (var outline in outlines.OrderByDescending(o => o.Type.Size()))
        {
            long bytes = Shapes.ByteLength(outline.Shape, outline.Type.Size())
                ?? throw new CheckpointException(
                    $"{path}: tensor {outline.Name}: expected a shape of axes >= 0 under 2^62 bytes, found {Shapes.Text(outline.Shape)}");
            if (SafetensorsTypes.Name(outline.Type) is null)
            {
                throw new CheckpointException(
                    $"{path}: tensor {outline.Name}: expected one of {SafetensorsTypes.Known}, found {outline.Type}");
            }

            if (!names.Add(outline.Name)) throw new CheckpointException($"{path}: tensor {outline.Name}: expected once, found twice");
            Entries.Add(new SafetensorsEntry(outline.Name, outline.Type, outline.Shape, DataLength, DataLength + bytes));
            DataLength += bytes;
        }
        Header = WriteHeader(metadata);
    }

    /// <summary>The tensors in file order; Begin and End are counted from the end of the header.</summary>
    public List<SafetensorsEntry> Entries { get; } = [];

    public long DataLength { get; }

    /// <summary>The header's bytes: the 8-byte length, then JSON, padded to a multiple of <see cref="Alignment"/>.</summary>
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
