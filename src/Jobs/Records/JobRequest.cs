using System.Text.Json;
using System.Text.Json.Serialization;

namespace Locutor.Jobs.Records;

/// <summary>One file a job needs. Either <see cref="Path"/> (already stored) or <see cref="Url"/> (still to be fetched) is set.</summary>
[GenerateSerializer, Immutable]
public sealed record JobInput
{
    /// <summary>Field of the request this file came from: image, video, audio or audio2.</summary>
    [Id(0)] public string Field { get; init; } = "";

    [Id(1)] public string? Url { get; init; }

    /// <summary>Path relative to the data folder.</summary>
    [Id(2)] public string? Path { get; init; }

    [Id(3)] public long Bytes { get; init; }

    /// <summary>Content type as sniffed from the bytes, never as claimed.</summary>
    [Id(4)] public string ContentType { get; init; } = "";

    /// <summary>Length in seconds for sound and video, 0 for pictures.</summary>
    [Id(5)] public double Seconds { get; init; }

    /// <summary>Pixels of pictures and videos, 0 for sound.</summary>
    [Id(6)] public int Width { get; init; }

    [Id(7)] public int Height { get; init; }
}

/// <summary>
/// A submission as it is stored. What is to be made is opaque here: JSON that the generator reads, with the version of its form.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record JobRequest : IJsonOnDeserialized
{
    [Id(18)] private string _payload = "{}";

    [Id(0)] public JobInput[] Inputs { get; init; } = [];

    [Id(15)] public string? Webhook { get; init; }
    [Id(16)] public Dictionary<string, string>? Metadata { get; init; }

    /// <summary>W3C trace context of the request that submitted the job, for the spans of what is done with it later.</summary>
    [Id(17)] public string? TraceParent { get; init; }

    /// <summary>Name of the model that is asked for, for figures; null in older records.</summary>
    [Id(20)] public string? ModelName { get; init; }

    /// <summary>The fields of the video, as a JSON object.</summary>
    public string Payload
    {
        get => _payload;
        init => _payload = value;
    }

    /// <summary>Form of <see cref="Payload"/>; 0 in records whose payload was not yet kept apart from the other properties.</summary>
    [Id(19)] public int PayloadVersion { get; init; }

    /// <summary>Whether every input lies in the data folder.</summary>
    public bool InputsStored => Inputs.All(input => input.Path is not null);

    /// <summary>Properties of version 0, which stood where <see cref="Payload"/> is now.</summary>
    [field: NonSerialized]
    [JsonInclude, JsonExtensionData]
    private Dictionary<string, JsonElement>? Older { get; set; }

    void IJsonOnDeserialized.OnDeserialized()
    {
        if (Older is null)
            return;
        _payload = JsonSerializer.Serialize(Older);
        Older = null;
    }
}
