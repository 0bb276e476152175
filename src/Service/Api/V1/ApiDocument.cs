using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Locutor.Service.Views;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Locutor.Service.Api.V1;

/// <summary>Configures the OpenAPI document of the service.</summary>
internal static class ApiDocument
{
    private const string Introduction = """
        A portrait and a voice become a talking video. [Try it on the page](/).

        ```sh
        # make a curl that carries the token
        ask() {
          curl -H "Authorization: Bearer $LOCUTOR_TOKEN" "$@"
        }
        # submit: 202 with the job's id
        ask "$HOST/v1/jobs/upload" -F image=@portrait.png \
            -F audio=@voice.wav -F prompt="She sings"
        # follow it to its end
        ask -N "$HOST/v1/jobs/$ID/events"
        # fetch the video
        ask -o video.mp4 "$HOST/v1/jobs/$ID/video"
        ```

        - **Tokens** are made on the server with `locutor tokens create`. `LOCUTOR_TOKEN` is both parts with a dot: `wk-....ws-...`.
          `HOST` is the address of this service, as `http://127.0.0.1:8080`; `ID` is the id of the job.
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
            ApiSubmissions.Add(document);
            ApiDetails.Add(document);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // NSwag reads an enumeration without a type as numbers.
            if (schema.Enum is { Count: > 0 })
                schema.Type ??= JsonSchemaType.String;
            // Answers leave null values out, and no request needs them.
            foreach (var property in context.JsonTypeInfo.Properties.Where(property => property.IsGetNullable))
                schema.Required?.Remove(property.Name);
            if (context.JsonTypeInfo.Type == typeof(JobView))
                RequestSchema.AddAsked(schema);
            if (context.JsonTypeInfo.Type == typeof(PresetView))
                RequestSchema.AddDefaults(schema);
            return Task.CompletedTask;
        });
    }

    /// <summary>Declares the ways to send a key id and its secret: two headers, HTTP basic authentication, or a bearer token.</summary>
    private static void Protect(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["bearer"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "The key, a dot and the secret: wk-....ws-...",
            },
            ["key"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = "Modal-Key",
                Description = "wk-...",
            },
            ["secret"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = "Modal-Secret",
                Description = "ws-...",
            },
            ["basic"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "basic",
                Description = "User name: the key. Password: the secret.",
            },
        };
        document.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] },
            new OpenApiSecurityRequirement
            {
                [new OpenApiSecuritySchemeReference("key", document)] = [], [new OpenApiSecuritySchemeReference("secret", document)] = [],
            },
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("basic", document)] = [] },
        ];
    }
}
