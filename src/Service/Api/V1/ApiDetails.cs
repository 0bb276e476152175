using Locutor.Service.Live;
using Microsoft.OpenApi;

namespace Locutor.Service.Api.V1;

/// <summary>
/// Completes the OpenAPI document with details that the declarations of endpoints cannot express: headers, binary files, the errors that
/// every endpoint may return, webhooks and the classic addresses. Client generators depend on all of them.
/// </summary>
internal static class ApiDetails
{
    private static readonly Dictionary<string, string> Tags = new()
    {
        ["Jobs"] = "Submit jobs and observe their progress.",
        ["Results"] = "Videos, thumbnails and stored inputs.",
        ["Service"] = "Models, limits, workers and sessions.",
    };

    private static readonly Dictionary<string, string> Anywhere = new()
    {
        ["403"] = "The token lacks a scope, or the request comes from a page of another site.",
        ["429"] = "Too many requests; Retry-After tells how long to wait.",
        ["500"] = "The service failed; trace_id finds the reason in its log.",
        ["503"] = "The service cannot answer now; Retry-After tells how long to wait.",
    };

    public static void Add(OpenApiDocument document)
    {
        foreach (var tag in document.Tags ?? new HashSet<OpenApiTag>())
            tag.Description = Tags.GetValueOrDefault(tag.Name ?? "");
        document.Components?.Schemas?.Remove("JsonObject");
        foreach (var path in document.Paths.Values)
        {
            foreach (var (method, operation) in path.Operations ?? [])
            {
                if (method == HttpMethod.Head)
                {
                    (operation.OperationId, operation.Summary) = (
                        operation.OperationId?.Replace("get", "head", StringComparison.Ordinal), operation.Summary + ": only the headers");
                }

                Describe(operation, document);
            }
        }
        ApiWebhooks.Add(document);
        ClassicAddresses.Add(document);
    }

    private static void Describe(OpenApiOperation operation, OpenApiDocument document)
    {
        foreach (var (status, text) in Anywhere)
            operation.Responses!.TryAdd(status, Problem(text, document));
        foreach (var (status, response) in operation.Responses!)
            Describe(operation.OperationId!, status, (OpenApiResponse)response);
        switch (operation.OperationId)
        {
            case "submitJob" or "uploadJob":
                Parameter(
                    operation, "Idempotency-Key", ParameterLocation.Header,
                    "Makes the submission safe to repeat: the same key and body give the same job. At most 255 characters.");
                break;
            case "listJobs":
                Number(operation, "limit", JsonSchemaType.Integer);
                break;
            case "getDemand":
                Number(operation, "memory_gib", JsonSchemaType.Number);
                break;
            case "watchJob":
                Parameter(
                    operation, "Last-Event-ID", ParameterLocation.Header,
                    "Identifier of the last event that was received; the stream continues after it.");
                break;
            case "getSound" or "headSound":
                Parameter(operation, "download", ParameterLocation.Query, "Present: the sound is offered as a file to save.");
                break;
            case "getCaptions":
                Parameter(operation, "download", ParameterLocation.Query, "Present: the captions are offered as a file to save.");
                Parameter(operation, "format", ParameterLocation.Query, "vtt (the default) or srt.");
                break;
            case "getVideo" or "headVideo":
                // 304, and 204 of watchJob, are in the descriptions alone: Kiota makes methods without a result of them.
                operation.Responses.Add("412", new OpenApiResponse { Description = "The version of If-Match is not valid any more." });
                Parameter(
                    operation, "format", ParameterLocation.Query, "mp4, webm, mov, mkv or gif. Default: the format of the submission.");
                Parameter(operation, "download", ParameterLocation.Query, "Present: the video is offered as a file to save.");
                Parameter(operation, "Range", ParameterLocation.Header, "Part of the file, as bytes=0-1023.");
                Parameter(
                    operation, "If-None-Match", ParameterLocation.Header, "Entity tag of a known version; 304 if it is still valid.");
                break;
        }
    }

    private static void Describe(string operation, string status, OpenApiResponse response)
    {
        bool file = status is "200" or "206";
        switch (operation)
        {
            case "getVideo" when file:
                response.Content = Bytes("video/mp4");
                Header(response, "ETag", "Entity tag, which changes whenever the file changes.");
                Header(response, "Accept-Ranges", "bytes");
                break;
            case "getLivePart" or "getLiveVideo" or "headLivePart" or "headLiveVideo" when file:
                response.Content = Bytes("video/mp4");
                break;
            case "getLivePlaylist" or "headLivePlaylist" when file:
                response.Content = Bytes(LivePlaylist.ContentType); // Generated clients do not know its type as a text.
                break;
            case "getSound" when file:
                response.Content = Bytes("audio/wav");
                break;
            case "getCaptions" when file:
                response.Content = Bytes("text/vtt");
                break;
            case "getThumbnail" when file:
                response.Content = Bytes("image/jpeg");
                break;
            case "getInput" when file:
                response.Content = Bytes("application/octet-stream");
                break;
            case "watchJob" when file:
                response.Description =
                    "Server-sent events: progress until the job ends, and then ended. The data of each event is a whole " +
                    "JobView; the stream resumes after the id in Last-Event-ID.";
                response.Content = Bytes("text/event-stream"); // With a text type, a generated client would wait for the end of the stream.
                break;
            case "submitJob" or "uploadJob" when status == "202":
                Header(response, "Location", "Address of the job.");
                Header(response, "Retry-After", "Seconds to wait before the job is requested again.");
                Header(response, "Idempotency-Replayed", "true if an earlier request with the same key created the job.");
                break;
        }
        if (status is "429" or "503")
            Header(response, "Retry-After", "Seconds to wait before the request is repeated.");
        if (status is "200" or "202" or "429")
            RateLimit(response);
    }

    /// <summary>Declares a parameter as a number; the endpoint reads it as a text, so that its refusal can name the range.</summary>
    private static void Number(OpenApiOperation operation, string parameter, JsonSchemaType type) =>
        ((OpenApiParameter)operation.Parameters!.Single(one => one.Name == parameter)).Schema = new OpenApiSchema
        {
            Type = type,
            Format = type is JsonSchemaType.Integer ? "int32" : "double",
        };

    private static void RateLimit(OpenApiResponse response)
    {
        Header(response, "RateLimit-Limit", "Requests of this token per minute; in the answer to a submission: submissions per minute.");
        Header(response, "RateLimit-Remaining", "Requests that may follow without waiting.");
        Header(response, "RateLimit-Reset", "Seconds until the whole limit is available again.");
    }

    private static OpenApiResponse Problem(string text, OpenApiDocument document) => new()
    {
        Description = text,
        Content = new Dictionary<string, OpenApiMediaType>
        {
            ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference("Problem", document) }
        },
    };

    private static Dictionary<string, OpenApiMediaType> Bytes(string type) => new()
    {
        [type] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
    };

    private static void Header(OpenApiResponse response, string name, string text)
    {
        response.Headers ??= new Dictionary<string, IOpenApiHeader>();
        response.Headers[name] = new OpenApiHeader { Description = text, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
    }

    private static void Parameter(OpenApiOperation operation, string name, ParameterLocation location, string text)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(
            new OpenApiParameter
            {
                Name = name,
                In = location,
                Description = text,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
    }
}
