using System.Text.Json.Nodes;
using Locutor.Service.Requests;
using Locutor.Service.Settings;
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

    private const string JobExample = """
        {
          "id": "fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds", "status": "succeeded", "progress": { "percent": 100 }, "attempt": 1, "model": "sketch", "prompt": "A woman sings", "seed": 7,
          "inputs": [
            { "field": "image", "url": "https://example.org/portrait.png", "content_type": "image/png", "bytes": 103224, "href": "/v1/jobs/fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds/inputs/image" },
            { "field": "audio", "url": "https://example.org/voice.wav", "content_type": "audio/wav", "bytes": 352844, "seconds": 4, "href": "/v1/jobs/fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds/inputs/audio" }
          ],
          "result": {
            "video": "/v1/jobs/fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds/video", "thumbnail": "/v1/jobs/fc-3vXh7QmZt0RkLw9bYcE2nUa5Ds/thumbnail", "bytes": 981236,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "width": 640, "height": 640, "seconds": 4, "generation_seconds": 61.4
          },
          "created_at": "2026-11-23T09:30:00+00:00", "started_at": "2026-11-23T09:30:02+00:00", "finished_at": "2026-11-23T09:31:04+00:00", "expires_at": "2026-11-30T09:31:04+00:00"
        }
        """;

    private const string Introduction = """
        A portrait and a voice become a talking video. [Try it on the page](/).

        ```sh
        # make a curl that carries the token
        ask() {
          curl -H "Modal-Key: $TOKEN_ID" \
               -H "Modal-Secret: $TOKEN_SECRET" "$@"
        }
        # submit: 202 with the job's id
        ask "$HOST/v1/jobs" -F image=@portrait.png \
            -F audio=@voice.wav -F prompt="She sings"
        # follow it to its end
        ask -N "$HOST/v1/jobs/$ID/events"
        # fetch the video
        ask -o video.mp4 "$HOST/v1/jobs/$ID/video"
        ```

        - **Tokens** are made on the server with `locutor tokens create`.
        - **Errors** are RFC 9457 problems with a stable `code` and `retryable`.
        - An **Idempotency-Key** makes a submission safe to repeat.
        - **Webhooks** follow the Standard Webhooks convention.
        - Scripts of the **classic address** go on working: `POST /`, then `HEAD` and `GET /?call_id=`.
        """;

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, context, _) =>
        {
            var settings = context.ApplicationServices.GetRequiredService<ServeSettings>();
            document.Servers = [new OpenApiServer { Url = settings.PublicUrl ?? "/", Description = "This service." }];
            document.Info.Title = "Locutor";
            document.Info.Version = "1";
            document.Info.Description = Introduction;
            document.Info.License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" };
            Protect(document);
            ApiDetails.Add(document);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(JobView))
                RequestSchema.AddAsked(schema);
            if (context.JsonTypeInfo.Type == typeof(PresetView))
                RequestSchema.AddDefaults(schema);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, _, _) =>
        {
            if (operation.OperationId == "submitJob" && operation.RequestBody?.Content is { } content)
            {
                foreach (var (type, media) in content)
                {
                    if (media is not OpenApiMediaType shown)
                        continue;
                    shown.Schema = RequestSchema.Submission(upload: type != "application/json");
                    shown.Example = JsonNode.Parse(type == "application/json" ? UrlExample : FormExample);
                }
            }
            foreach (var (_, answer) in operation.Responses ?? [])
            {
                if (operation.OperationId is "submitJob" or "getJob" && answer.Content is { } answers && answers.TryGetValue("application/json", out var job) && job is OpenApiMediaType view)
                    view.Example = JsonNode.Parse(JobExample);
            }
            return Task.CompletedTask;
        });
    }

    /// <summary>Two headers, or the same two as a name and a password, or as a bearer.</summary>
    private static void Protect(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "Modal-Key", Description = "wk-..." },
            ["secret"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "Modal-Secret", Description = "ws-..." },
            ["basic"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "basic", Description = "The key as name, the secret as password." },
            ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "The key, a dot and the secret: wk-....ws-..." },
        };
        document.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", document)] = [], [new OpenApiSecuritySchemeReference("secret", document)] = [] },
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("basic", document)] = [] },
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] },
        ];
    }
}
