using System.Text.Json;
using System.Text.Json.Serialization;
using Orleans.Storage;

namespace Locutor.Jobs.Storage;

/// <summary>Stores grain state as JSON, which any database tool can show and which allows new fields.</summary>
public sealed class StateSerializer : IGrainStorageSerializer
{
    private static readonly JsonSerializerOptions Options = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Converters = { new JsonStringEnumConverter() },
        IgnoreReadOnlyProperties = true,
    };

    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input, Options));

    public T Deserialize<T>(BinaryData input) =>
        JsonSerializer.Deserialize<T>(input.ToMemory().Span, Options)
        ?? throw new JsonException($"a stored {typeof(T).Name} of {input.ToMemory().Length} bytes is null");
}
