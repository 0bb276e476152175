using System.Globalization;
using System.Text.Json.Nodes;
using Locutor.Generation.Requests;
using Microsoft.OpenApi;

namespace Locutor.Service.Submissions;

/// <summary>The fields of a request in the OpenAPI document.</summary>
internal static class RequestSchema
{
    /// <summary>Fields that every job shows, even if the submission did not give them.</summary>
    private static readonly RequestField[] Always = [VideoFields.Prompt, VideoFields.Model, VideoFields.Seed];

    /// <summary>The body of a submission.</summary>
    /// <param name="upload">A form, which may carry files; else JSON with URLs.</param>
    public static OpenApiSchema Submission(bool upload) => new()
    {
        Type = JsonSchemaType.Object,
        Description = upload ? "A form: files as parts with a file name, or URLs as text." : "JSON with URLs (http, https or data).",
        Properties = SubmissionFields.All.ToDictionary(field => field.Name, IOpenApiSchema (field) => Property(field, upload, isOptional: field != VideoFields.Audio)),
        Required = new HashSet<string> { VideoFields.Audio.Name },
        AdditionalPropertiesAllowed = false,
    };

    /// <summary>Adds what was asked for to the schema of a job.</summary>
    public static void AddAsked(OpenApiSchema job)
    {
        job.Properties ??= new Dictionary<string, IOpenApiSchema>();
        job.Required ??= new HashSet<string>();
        foreach (var field in VideoFields.All.Where(field => field is not FileField))
            job.Properties[field.Name] = Property(field, upload: false, isOptional: !Always.Contains(field));
        foreach (var field in Always)
            job.Required.Add(field.Name);
    }

    /// <summary>Adds the defaults that a preset stands for.</summary>
    public static void AddDefaults(OpenApiSchema preset)
    {
        preset.Properties ??= new Dictionary<string, IOpenApiSchema>();
        foreach (var field in VideoFields.All.Where(field => field is not FileField))
            preset.Properties[field.Name] = Property(field, upload: false, isOptional: true);
    }

    /// <param name="upload">For a form, in which arrays and objects are JSON in text.</param>
    /// <param name="isOptional">Then it may be null. Generated clients send a null or a 0 of what was not set, and leave parts out of a form only where null is allowed.</param>
    private static OpenApiSchema Property(RequestField field, bool upload, bool isOptional)
    {
        var limits = field.Limits(null);
        if (upload && (limits.Type is "array" or "object"))
            limits = new FieldLimits("string");
        return new OpenApiSchema
        {
            Description = Describe(field),
            Type = TypeOf(limits) | (isOptional ? JsonSchemaType.Null : 0),
            Format = field is FileField ? upload ? "binary" : "uri" : limits.Type == "integer" ? limits.Maximum > int.MaxValue ? "int64" : "int32" : limits.Type == "number" ? "double" : null,
            Minimum = limits.Minimum?.ToString(CultureInfo.InvariantCulture),
            Maximum = limits.Maximum?.ToString(CultureInfo.InvariantCulture),
            MaxLength = field is FileField ? null : limits.MaxLength,
            Enum = limits.Choices?.Select(choice => (JsonNode)JsonValue.Create(choice)).ToList(),
            Items = limits.Type == "array" ? new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.Number }, MinItems = 4, MaxItems = 4 } : null,
            MinItems = limits.Type == "array" ? BoxesField.Count : null,
            MaxItems = limits.Type == "array" ? BoxesField.Count : null,
            AdditionalProperties = limits.Type == "object" ? new OpenApiSchema { Type = JsonSchemaType.String } : null,
        };
    }

    private static JsonSchemaType TypeOf(FieldLimits limits) => limits.Type switch
    {
        "integer" => JsonSchemaType.Integer,
        "number" => JsonSchemaType.Number,
        "boolean" => JsonSchemaType.Boolean,
        "array" => JsonSchemaType.Array,
        "object" => JsonSchemaType.Object,
        _ => JsonSchemaType.String,
    };

    /// <summary>Help, range and default in sentences.</summary>
    private static string Describe(RequestField field) => string.Join(' ', new[]
    {
        field.Help,
        field is FileField ? "" : $"Expects {field.Expected(null)}.",
        field.DefaultText.Length > 0 ? $"Default: {field.DefaultText}." : "",
    }.Where(part => part.Length > 0));
}
