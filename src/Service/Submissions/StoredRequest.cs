using System.Text.Json;
using System.Text.Json.Nodes;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;

namespace Locutor.Service.Submissions;

/// <summary>How a request for a video is kept in a job.</summary>
internal static class StoredRequest
{
    /// <summary>The names of <see cref="VideoFields"/>.</summary>
    private const int Version = 1;

    public static JobRequest Store(VideoRequest request) => new() { Payload = request.ToJson(), PayloadVersion = Version, ModelName = request[VideoFields.Model] };

    public static VideoRequest Load(JobRequest stored) => stored.PayloadVersion == Version
        ? VideoRequest.FromJson(stored.Payload)
        : VideoRequest.FromJson(FromVersion0(stored.Payload));

    /// <summary>Version 0 had the same fields in PascalCase and left out a seed of 0.</summary>
    private static string FromVersion0(string payload)
    {
        var renamed = new JsonObject { ["seed"] = 0 };
        foreach (var (name, value) in JsonNode.Parse(payload)!.AsObject()) renamed[JsonNamingPolicy.SnakeCaseLower.ConvertName(name)] = value?.DeepClone();
        return renamed.ToJsonString();
    }
}
