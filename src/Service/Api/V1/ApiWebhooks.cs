using Microsoft.OpenApi;

namespace Locutor.Service.Api.V1;

/// <summary>Describes the webhooks of finished jobs in the OpenAPI document.</summary>
internal static class ApiWebhooks
{
    private static readonly string[] Ends = ["succeeded", "failed", "canceled"];

    public static void Add(OpenApiDocument document)
    {
        document.Components!.Schemas!["Webhook"] = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "The body of a webhook.",
            Required = new HashSet<string> { "type", "timestamp", "data" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.String,
                    Enum = [.. Ends.Select(end => System.Text.Json.Nodes.JsonValue.Create("job." + end))],
                },
                ["timestamp"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" },
                ["data"] = new OpenApiSchemaReference("JobView", document),
            },
        };
        document.Webhooks = Ends.ToDictionary(end => "job." + end, IOpenApiPathItem (end) => new OpenApiPathItem
        {
            Operations = new Dictionary<HttpMethod, OpenApiOperation> { [HttpMethod.Post] = Told(end, document) },
        });
    }

    private static OpenApiOperation Told(string end, OpenApiDocument document) => new()
    {
        OperationId = "job" + char.ToUpperInvariant(end[0]) + end[1..],
        Summary = $"A job has {end}",
        Description =
            "Sent to the address that the submission named as webhook, signed as Standard Webhooks specifies with the key of " +
            "GET /v1/webhooks/secret.",
        Security = [],
        Parameters =
        [
            Header("webhook-id", "Identifier of the call; all repetitions have one identifier."),
            Header("webhook-timestamp", "Time of the signature in seconds since 1970."),
            Header("webhook-signature", "v1, and the base64 of an HMAC-SHA256 over id.timestamp.body."),
        ],
        RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new() { Schema = new OpenApiSchemaReference("Webhook", document) }
            },
        },
        Responses = new OpenApiResponses
        {
            ["2XX"] = new OpenApiResponse { Description = "The receiver accepted the webhook; it is not sent again." },
            ["410"] = new OpenApiResponse { Description = "The receiver wants no more webhooks; it is not sent again." },
            ["default"] = new OpenApiResponse { Description = "The webhook is sent again with growing pauses." },
        },
    };

    private static OpenApiParameter Header(string name, string text) =>
        new()
        {
            Name = name,
            In = ParameterLocation.Header,
            Required = true,
            Description = text,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        };
}
