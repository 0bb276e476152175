using System.Text.Json;

namespace Locutor.Checkpoints.Safetensors;

/// <summary>A tensor's description in the header. The data occupy the bytes [Begin, End), counted from the end of the header.</summary>
internal sealed record SafetensorsEntry(string Name, ElementType Type, long[] Shape, long Begin, long End);

/// <summary>The JSON header of a safetensors file. It is validated: the tensors cover the data without gaps or overlaps.</summary>
internal sealed class SafetensorsHeader
{
    private readonly string path;

    private SafetensorsHeader(string path) => this.path = path;

    public List<SafetensorsEntry> Entries { get; } = [];

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long dataLength)
    {
        var header = new SafetensorsHeader(path);
        try
        {
            using var document = JsonDocument.Parse(json.ToArray(), new JsonDocumentOptions { MaxDepth = 8 });
            header.Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: expected a JSON header of {json.Length} bytes, found: {e.Message}", e);
        }
        header.CheckTiling(dataLength);
        return header;
    }

    private void Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Broken($"expected a JSON object as header, found {root.ValueKind}");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in root.EnumerateObject())
        {
            if (!names.Add(property.Name)) throw Broken($"key {property.Name}: expected once, found twice");
            if (property.Value.ValueKind != JsonValueKind.Object)
                throw Broken($"key {property.Name}: expected an object, found {property.Value.ValueKind}");
            if (property.NameEquals("__metadata__")) ReadMetadata(property.Value);
            else Entries.Add(ReadEntry(property.Name, property.Value));
        }
    }

    private void ReadMetadata(JsonElement element)
    {
        foreach (var item in element.EnumerateObject())
        {
            if (item.Value.ValueKind != JsonValueKind.String)
                throw Broken($"__metadata__.{item.Name}: expected a string, found {item.Value.ValueKind}");
            if (!Metadata.TryAdd(item.Name, item.Value.GetString()!)) throw Broken($"__metadata__.{item.Name}: expected once, found twice");
        }
    }

    private SafetensorsEntry ReadEntry(string name, JsonElement element)
    {
        string dtype = Field(name, element, "dtype", JsonValueKind.String).GetString()!;
        var type = SafetensorsTypes.Parse(dtype) ?? throw Broken($"tensor {name}: expected dtype {SafetensorsTypes.Known}, found {dtype}");
        long[] shape = Numbers(name, element, "shape");
        if (shape.Length > Shapes.MostAxes) throw Broken($"tensor {name}: expected at most {Shapes.MostAxes} axes, found {shape.Length}");
        long bytes = Shapes.ByteLength(shape, type.Size())
            ?? throw Broken($"tensor {name}: expected a shape of axes >= 0 under 2^62 bytes, found {Shapes.Text(shape)}");
        long[] offsets = Numbers(name, element, "data_offsets");
        if (offsets.Length != 2) throw Broken($"tensor {name}: expected 2 data_offsets, found {offsets.Length}");
        if (offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] - offsets[0] != bytes)
        {
            throw Broken(
                $"tensor {name}: expected {bytes} bytes for {dtype} {Shapes.Text(shape)}, found data_offsets [{offsets[0]}, {offsets[1]})");
        }

        return new SafetensorsEntry(name, type, shape, offsets[0], offsets[1]);
    }

    private JsonElement Field(string name, JsonElement element, string field, JsonValueKind kind)
    {
        if (!element.TryGetProperty(field, out var value)) throw Broken($"tensor {name}: expected a field {field}, found none");
        return value.ValueKind == kind ? value : throw Broken($"tensor {name}: expected {field} to be a {kind}, found {value.ValueKind}");
    }

    private long[] Numbers(string name, JsonElement element, string field)
    {
        var array = Field(name, element, field, JsonValueKind.Array);
        long[] numbers = new long[array.GetArrayLength()];
        int i = 0;
        foreach (var item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out numbers[i++]))
                throw Broken($"tensor {name}: expected {field} to hold 64-bit integers, found {Clip(item.GetRawText())}");
        }
        return numbers;
    }

    private void CheckTiling(long dataLength)
    {
        long end = 0;
        foreach (var entry in Entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin != end)
            {
                throw Broken(
                    $"tensor {entry.Name}: expected data at {end}, where the tensor before it ends, found [{entry.Begin}, {entry.End})");
            }

            end = entry.End;
        }
        if (end != dataLength)
        {
            throw Broken(
                $"expected {end} bytes of data after the header, found " +
                $"{dataLength}{(dataLength < end ? ": the file is not complete, fetch it again" : "")}");
        }
    }

    private static string Clip(string text) => text.Length <= 40 ? text : text[..40] + "...";

    private CheckpointException Broken(string what) => new($"{path}: {what}");
}
