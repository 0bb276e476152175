using System.Text.Json;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Models;
using Locutor.Service.Inputs;

namespace Locutor.Service.Submissions;

/// <summary>A field of a request with the limits that a model sets, for forms.</summary>
/// <param name="Type">integer, number, string, boolean, array, object or file.</param>
/// <param name="Expected">The allowed values, in words.</param>
/// <param name="Step">Distance between allowed values, counted from the minimum.</param>
/// <param name="Accept">For a file: the content types and extensions that a file picker shall offer.</param>
public sealed record FieldView(
    string Name, string Title, string Group, string Type, string Help, string Expected, string DefaultText,
    double? Minimum, double? Maximum, double? Step, int? MaxLength, IReadOnlyList<string>? Choices, IReadOnlyList<string>? Accept)
{
    internal static FieldView From(RequestField field, Bundle bundle)
    {
        var limits = field.Limits(bundle);
        return new FieldView(
            field.Name, field.Title, JsonNamingPolicy.SnakeCaseLower.ConvertName(field.Group.ToString()), field is FileField ? "file" : limits.Type,
            field.Help, field.Expected(bundle), field.DefaultText, limits.Minimum, limits.Maximum, limits.Step, field is FileField ? null : limits.MaxLength, limits.Choices,
            field is FileField ? Accepted(InputStore.Expected(field.Name)) : null);
    }

    /// <summary>A pattern for the usual types, and every extension, since browsers know no type for many of them.</summary>
    internal static IReadOnlyList<string> Accepted(ExpectedMedia expected)
    {
        var (pattern, kind) = expected switch
        {
            ExpectedMedia.Picture => ("image/*", MediaKind.Picture),
            ExpectedMedia.Video => ("video/*", MediaKind.Video),
            _ => ("audio/*", MediaKind.Audio),
        };
        return [pattern, .. MediaContainer.All.SelectMany(container => container.Names(kind)?.Extensions ?? []).Distinct().Select(extension => "." + extension)];
    }

    /// <summary>The defaults of a preset at a size, by field.</summary>
    internal static Dictionary<string, JsonElement> Defaults(Bundle bundle, string preset, string size)
    {
        var context = FieldContext.From(bundle, preset, size);
        var defaults = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var field in VideoFields.All)
        {
            if (field.Default(context) is { } value)
                defaults[field.Name] = JsonSerializer.SerializeToElement(value, value.GetType());
        }
        return defaults;
    }
}
