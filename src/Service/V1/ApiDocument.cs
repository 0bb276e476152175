using Microsoft.AspNetCore.OpenApi;

namespace Locutor.Service.V1;

/// <summary>The OpenAPI document.</summary>
internal static class ApiDocument
{
    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Locutor";
            document.Info.Version = "1";
            document.Info.Description = "A portrait and a voice become a talking video.";
            return Task.CompletedTask;
        });
    }
}
