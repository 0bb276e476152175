using System.Globalization;
using System.Text.Json.Nodes;
using Locutor.Generation.Requests;
using Microsoft.OpenApi;

namespace Locutor.Service.Submissions;

/// <summary>Describes the fields of a request in the OpenAPI document.</summary>
internal static class RequestSchema
{
    /// <summary>Fields that every job shows, even if the submission omitted them.</summary>
    private static readonly RequestField[] Always = [VideoFields.Prompt, VideoFields.Model, VideoFields.Seed];

    /// <summary>Creates the schema of the body of a submission.</summary>
    /// <param name="upload">True for a multipart form, which may contain files; false for JSON, which gives inputs as URLs.</param>
    public static OpenApiSchema Submission(bool upload) => new()
    {
        Type = JsonSchemaType.Object,
        Description = upload ? "A form: files as parts with a file name, or URLs as text." : "JSON with URLs (http, https or data).",
        Properties = SubmissionFields.All.ToDictionary(
            field => field.Name, IOpenApiSchema (field) => Property(field, upload, isOptional: true)),
        AdditionalPropertiesAllowed = false,
    };

    /// <summary>Adds the fields of the request, without inputs, to the schema of a job.</summary>
    public static void AddAsked(OpenApiSchema job)
    {
        job.Properties ??= new Dictionary<string, IOpenApiSchema>();
        job.Required ??= new HashSet<string>();
        foreach (var field in VideoFields.All.Where(field => !field.IsInput))
            job.Properties[field.Name] = Property(field, upload: false, isOptional: !Always.Contains(field));
        foreach (var field in Always)
            job.Required.Add(field.Name);
    }

    /// <summary>Adds the default values of the fields to the schema of a preset.</summary>
    public static void AddDefaults(OpenApiSchema preset)
    {
        preset.Properties ??= new Dictionary<string, IOpenApiSchema>();
        foreach (var field in VideoFields.All.Where(field => !field.IsInput))
            preset.Properties[field.Name] = Property(field, upload: false, isOptional: true);
    }

    /// <summary>Creates the schema of one field.</summary>
    /// <param name="field">The field.</param>
    /// <param name="upload">True for a form, where the value of an array or object is a text that holds JSON.</param>
    /// <param name="isOptional">
    /// Whether the value may be null. Generated clients send null or 0 for a field that was not set, and omit a part of a form only
    /// if its schema allows null.
    /// </param>
    private static OpenApiSchema Property(RequestField field, bool upload, bool isOptional)
    {
        var limits = field.Limits(null);
        if (upload && (limits.Type is "array" or "object"))
            limits = new FieldLimits("string");
        return new OpenApiSchema
        {
            Description = Describe(field),
            Type = TypeOf(limits) | (isOptional ? JsonSchemaType.Null : 0),
            Format = field is FileField
                ? upload
                ? "binary"
                : "uri"
                : limits.Type == "integer"
                ? limits.Maximum > int.MaxValue
                ? "int64"
                : "int32"
                : limits.Type == "number"
                ? "double"
                : null,
            Minimum = limits.Minimum?.ToString(CultureInfo.InvariantCulture),
            Maximum = limits.Maximum?.ToString(CultureInfo.InvariantCulture),
            MaxLength = field is FileField ? null : limits.MaxLength,
            Enum = limits.Choices?.Select(choice => (JsonNode)JsonValue.Create(choice)).ToList(),
            Items = Items(limits),
            MinItems = limits.MinItems,
            MaxItems = limits.MaxItems,
            AdditionalProperties = limits.Type == "object" ? new OpenApiSchema { Type = JsonSchemaType.String } : null,
        };
    }

    private static OpenApiSchema? Items(FieldLimits limits) => limits.Items is not { } items ? null : new OpenApiSchema
    {
        Type = TypeOf(items),
        MaxLength = items.MaxLength,
        Items = Items(items),
        MinItems = items.MinItems,
        MaxItems = items.MaxItems,
    };

    private static JsonSchemaType TypeOf(FieldLimits limits) => limits.Type switch
    {
        "integer" => JsonSchemaType.Integer,
        "number" => JsonSchemaType.Number,
        "boolean" => JsonSchemaType.Boolean,
        "array" => JsonSchemaType.Array,
        "object" => JsonSchemaType.Object,
        _ => JsonSchemaType.String,
    };

    /// <summary>Describes a field in sentences: its help, its range and its default.</summary>
    private static string Describe(RequestField field) => string.Join(' ', new[]
    {
        field.Help,
        field is FileField ? "" : $"Expects {field.Expected(null)}.",
        field.DefaultText.Length > 0 ? $"Default: {field.DefaultText}." : "",
    }.Where(part => part.Length > 0));
}
