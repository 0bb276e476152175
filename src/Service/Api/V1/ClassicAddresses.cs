using Microsoft.OpenApi;

namespace Locutor.Service.Api.V1;

/// <summary>
/// Describes the addresses for scripts of the predecessor in the OpenAPI document. <see cref="Modal.ModalEndpoints"/> implements them.
/// </summary>
internal static class ClassicAddresses
{
    public static void Add(OpenApiDocument document)
    {
        document.Tags ??= new HashSet<OpenApiTag>();
        document.Tags.Add(new OpenApiTag { Name = "Classic", Description = "For scripts of the predecessor; new programs use /v1." });
        document.Paths["/"] = new OpenApiPathItem
        {
            Operations = new Dictionary<HttpMethod, OpenApiOperation>
            {
                [HttpMethod.Post] = Submit(document),
                [HttpMethod.Get] = Result("classicResult", "The video of a classic job", document, withBody: true),
                [HttpMethod.Head] = Result("classicResultHead", "Whether a classic job is done", document, withBody: false),
            },
        };
    }

    private static OpenApiOperation Submit(OpenApiDocument document) => new()
    {
        OperationId = "classicSubmit",
        Summary = "Submit a classic job",
        Tags = Tag(document),
        RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new()
                {
                    Schema = Fields(
                        ["image", "audio1"], ("image", "URL of a picture or a source video."), ("audio1", "URL of the voice."),
                        ("audio2", "URL of a second voice."), ("prompt", "Content of the video.")),
                },
            },
        },
        Responses = new OpenApiResponses
        {
            ["200"] = Json("The id of the job.", Fields(["call_id"], ("call_id", "Letters and digits; for GET and HEAD."))),
            ["400"] = Reason("A file cannot be fetched, or is of the wrong kind."),
            ["401"] = Text("Missing or wrong credentials."),
            ["422"] = Json("A field is missing or has the wrong type.", new OpenApiSchema { Type = JsonSchemaType.Object }),
            ["429"] = Reason("Too many requests or jobs; Retry-After tells how long to wait."),
            ["503"] = Reason("The service cannot accept jobs now; Retry-After tells how long to wait."),
        },
    };

    private static OpenApiOperation Result(string id, string summary, OpenApiDocument document, bool withBody) => new()
    {
        OperationId = id,
        Summary = summary,
        Tags = Tag(document),
        Parameters =
        [
            new OpenApiParameter
            {
                Name = "call_id",
                In = ParameterLocation.Query,
                Required = true,
                Description = "The call_id of the answer to POST.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            }
        ],
        Responses = new OpenApiResponses
        {
            ["200"] = withBody
                ? Answer("The video.", "video/mp4", new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" })
                : new OpenApiResponse { Description = "The video is finished." },
            ["202"] = new OpenApiResponse { Description = "The job has not ended; Retry-After tells when to ask again." },
            ["401"] = Text("Missing or wrong credentials."),
            ["404"] = Reason("There is no such job."),
            ["410"] = Reason("The job was canceled, or its video has expired."),
            ["500"] = Reason("The job failed."),
        },
    };

    private static HashSet<OpenApiTagReference> Tag(OpenApiDocument document) => [new OpenApiTagReference("Classic", document)];

    private static OpenApiSchema Fields(string[] required, params (string Name, string Text)[] fields) => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string>(required),
        Properties = fields.ToDictionary(
            field => field.Name, IOpenApiSchema (field) => new OpenApiSchema { Type = JsonSchemaType.String, Description = field.Text }),
    };

    private static OpenApiResponse Json(string text, OpenApiSchema schema) => Answer(text, "application/json", schema);

    private static OpenApiResponse Reason(string text) => Json(text, Fields(["detail"], ("detail", "The reason.")));

    private static OpenApiResponse Text(string text) => Answer(text, "text/plain", new OpenApiSchema { Type = JsonSchemaType.String });

    private static OpenApiResponse Answer(string text, string type, OpenApiSchema schema) =>
        new() { Description = text, Content = new Dictionary<string, OpenApiMediaType> { [type] = new() { Schema = schema } } };
}
