using System.Text.Json;
using System.Text.Json.Nodes;
using Locutor.Jobs.Records;
using Locutor.Service.Submissions;
using Microsoft.OpenApi;

namespace Locutor.Service.Api.V1;

/// <summary>
/// Describes the two forms of a submission in the OpenAPI document. POST /v1/jobs accepts JSON and multipart forms, but a client generator
/// creates one method per operation and picks one content type. Therefore the document gives the multipart form its own address.
/// </summary>
internal static class ApiSubmissions
{
    private const string UrlExample = """
        { "image": "https://example.org/portrait.png", "audio": "https://example.org/voice.wav", "prompt": "A woman sings", "seed": 7,
          "webhook": "https://example.org/done" }
        """;

    private const string FormExample = """{ "image": "@portrait.png", "audio": "@voice.wav", "prompt": "A woman sings", "seed": 7 }""";

    private const string JobExample = """
        {
          "id": "fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds", "status": "succeeded", "progress": { "percent": 100 }, "attempt": 1, "model": "sketch",
          "prompt": "A woman sings", "seed": 7,
          "inputs": [
            { "field": "image", "url": "https://example.org/portrait.png", "content_type": "image/png", "bytes": 103224,
              "href": "/v1/jobs/fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds/inputs/image" },
            { "field": "audio", "url": "https://example.org/voice.wav", "content_type": "audio/wav", "bytes": 352844, "seconds": 4,
              "href": "/v1/jobs/fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds/inputs/audio" }
          ],
          "result": {
            "video": "/v1/jobs/fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds/video", "thumbnail": "/v1/jobs/fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds/thumbnail",
            "file_name": "portrait-voice.mp4", "bytes": 981236,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "width": 640, "height": 640,
            "seconds": 4, "generation_seconds": 61.4, "device": "NVIDIA L40S"
          },
          "created_at": "2026-11-23T09:30:00+00:00", "started_at": "2026-11-23T09:30:02+00:00", "finished_at": "2026-11-23T09:31:04+00:00",
          "expires_at": "2026-11-30T09:31:04+00:00"
        }
        """;

    public static void Add(OpenApiDocument document)
    {
        var schemas = document.Components!.Schemas!;
        schemas["JobSubmission"] = RequestSchema.Submission(upload: false);
        schemas["JobUpload"] = RequestSchema.Submission(upload: true);
        foreach (var operation in document.Paths.Values.SelectMany(path => path.Operations ?? []).Select(pair => pair.Value))
        {
            if (operation.OperationId == "submitJob")
                SetBody(operation, "application/json", new OpenApiSchemaReference("JobSubmission", document), UrlExample);
            if (operation.OperationId == "uploadJob")
                SetBody(operation, "multipart/form-data", new OpenApiSchemaReference("JobUpload", document), FormExample);
            if (operation.OperationId is "submitJob" or "uploadJob" or "getJob")
                AddExample(operation);
        }
        AddStage((OpenApiSchema)schemas["JobView"]);
        schemas.Remove("JobStage");
        // Kiota uses this property as the message of its exceptions.
        ((OpenApiSchema)((OpenApiSchema)schemas["Problem"]).Properties!["detail"])
            .AddExtension("x-ms-primary-error-message", new JsonNodeExtension(JsonValue.Create(true)));
    }

    private static void SetBody(OpenApiOperation operation, string type, OpenApiSchemaReference schema, string example) =>
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType> { [type] = new() { Schema = schema, Example = JsonNode.Parse(example) } },
        };

    private static void AddExample(OpenApiOperation operation)
    {
        foreach (var answer in operation.Responses!.Values)
        {
            if (answer.Content is { } content && content.TryGetValue("application/json", out var job) && job is OpenApiMediaType view)
                view.Example = JsonNode.Parse(JobExample);
        }
    }

    /// <summary>
    /// Writes the optional enumeration of stages inline, since NSwag generates an empty class for a nullable or referenced enumeration.
    /// </summary>
    private static void AddStage(OpenApiSchema job)
    {
        var stages = Enum.GetValues<JobStage>().Where(stage => stage is not JobStage.None)
            .Select(stage => JsonNamingPolicy.SnakeCaseLower.ConvertName(stage.ToString()));
        job.Properties!["stage"] = new OpenApiSchema
        {
            Type = JsonSchemaType.String | JsonSchemaType.Null,
            Description = "The current stage of the job, until it ends.",
            Enum = [.. stages.Select(stage => JsonValue.Create(stage))],
        };
    }
}
