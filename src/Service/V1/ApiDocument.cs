using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Locutor.Service.V1;

/// <summary>The OpenAPI document.</summary>
internal static class ApiDocument
{
    private const string UrlExample = """
        { "image": "https://example.org/portrait.png", "audio": "https://example.org/voice.wav", "prompt": "A woman sings", "seed": 7, "webhook": "https://example.org/done" }
        """;

    private const string FormExample = """{ "image": "@portrait.png", "audio": "@voice.wav", "prompt": "A woman sings", "seed": 7 }""";

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Locutor";
            document.Info.Version = "1";
            document.Info.Description = "A portrait and a voice become a talking video.";
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, _, _) =>
        {
            if (operation.OperationId == "submitJob" && operation.RequestBody?.Content is { } content)
            {
                foreach (var (type, media) in content)
                {
                    if (media is OpenApiMediaType shown)
                        shown.Example = JsonNode.Parse(type == "application/json" ? UrlExample : FormExample);
                }
            }
            return Task.CompletedTask;
        });
    }
}
