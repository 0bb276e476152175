using System.Text.Json;
using System.Text.Json.Serialization;

namespace Locutor.Jobs.Records;

/// <summary>
/// One input file of a job. <see cref="Path"/> is set when the file is stored; until then <see cref="Url"/> tells where to fetch it.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record JobInput
{
    /// <summary>The field of the request that gave this file: image, video, audio or audio2.</summary>
    [Id(0)] public string Field { get; init; } = "";

    [Id(1)] public string? Url { get; init; }

    /// <summary>The path relative to the data folder; null while the file is not stored.</summary>
    [Id(2)] public string? Path { get; init; }

    [Id(3)] public long Bytes { get; init; }

    /// <summary>The content type, detected from the bytes of the file. The type that the sender claims is ignored.</summary>
    [Id(4)] public string ContentType { get; init; } = "";

    /// <summary>The duration of sound or video in seconds; 0 for pictures.</summary>
    [Id(5)] public double Seconds { get; init; }

    /// <summary>The width of a picture or video in pixels; 0 for sound.</summary>
    [Id(6)] public int Width { get; init; }

    [Id(7)] public int Height { get; init; }

    /// <summary>The name that the sender gave the file, cleaned for use as a file name; null when there is none.</summary>
    [Id(8)] public string? Name { get; init; }
}

/// <summary>
/// A submission as the job stores it. The request for the video is opaque JSON at this layer: only the generator reads it, and a version
/// number tells its format.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record JobRequest : IJsonOnDeserialized
{
    [Id(18)] private string payload = "{}";

    [Id(0)] public JobInput[] Inputs { get; init; } = [];

    [Id(15)] public string? Webhook { get; init; }
    [Id(16)] public Dictionary<string, string>? Metadata { get; init; }

    /// <summary>The W3C trace context of the HTTP request that submitted the job. Later spans of the job continue this trace.</summary>
    [Id(17)] public string? TraceParent { get; init; }

    /// <summary>The name of the requested model, for metrics; null in older records.</summary>
    [Id(20)] public string? ModelName { get; init; }

    /// <summary>Jobs of one token with a higher priority start first.</summary>
    [Id(21)] public int Priority { get; init; }

    /// <summary>The time after which the video is of no use: an unfinished job then fails. Null for never.</summary>
    [Id(22)] public DateTimeOffset? NotAfter { get; init; }

    /// <summary>The least memory in GiB of the device of a worker that may run the job; 0 for any.</summary>
    [Id(23)] public double MinMemoryGiB { get; init; }

    /// <summary>The largest number of parts into which a long voice may be divided, for several workers.</summary>
    [Id(25)] public int MostParts { get; init; } = 1;

    /// <summary>The part of a video that this job makes; null for a whole video.</summary>
    [Id(24)] public JobPart? Part { get; init; }

    /// <summary>The fields of the video request as a JSON object.</summary>
    public string Payload
    {
        get => payload;
        init => payload = value;
    }

    /// <summary>
    /// The version of the format of <see cref="Payload"/>. Records of version 0 kept the fields among the other properties.
    /// </summary>
    [Id(19)] public int PayloadVersion { get; init; }

    /// <summary>Returns the request of a job that makes a part of this video.</summary>
    public JobRequest ForPart(JobPart part) => this with { Webhook = null, Metadata = null, MostParts = 1, Part = part };

    /// <summary>Whether all inputs are stored in the data folder.</summary>
    public bool InputsStored => Inputs.All(input => input.Path is not null);

    /// <summary>The properties of a record of version 0, which had no <see cref="Payload"/>.</summary>
    [field: NonSerialized]
    [JsonInclude, JsonExtensionData]
    private Dictionary<string, JsonElement>? Older { get; set; }

    void IJsonOnDeserialized.OnDeserialized()
    {
        if (Older is null)
            return;
        payload = JsonSerializer.Serialize(Older);
        Older = null;
    }
}
