using System.Text.Json;
using System.Text.Json.Nodes;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;

namespace Locutor.Service.Submissions;

/// <summary>Converts a video request to the form that a job stores, and back. It also reads requests that older versions stored.</summary>
internal static class StoredRequest
{
    /// <summary>The version of the stored form: a JSON object with the names of <see cref="VideoFields"/>.</summary>
    private const int Version = 1;

    /// <summary>Stores a video request.</summary>
    /// <param name="request">The request of the video.</param>
    /// <param name="job">The other fields of the job; null for none.</param>
    public static JobRequest Store(VideoRequest request, JobRequest? job = null) =>
        (job ?? new()) with { Payload = request.ToJson(), PayloadVersion = Version, ModelName = request[VideoFields.Model] };

    public static VideoRequest Load(JobRequest stored) => stored.PayloadVersion == Version
        ? VideoRequest.FromJson(stored.Payload)
        : VideoRequest.FromJson(FromVersion0(stored.Payload));

    /// <summary>Converts a payload of version 0, which wrote the field names in PascalCase and omitted a seed of 0.</summary>
    private static string FromVersion0(string payload)
    {
        var renamed = new JsonObject { ["seed"] = 0 };
        foreach (var (name, value) in JsonNode.Parse(payload)!.AsObject())
            renamed[JsonNamingPolicy.SnakeCaseLower.ConvertName(name)] = value?.DeepClone();
        return renamed.ToJsonString();
    }
}
