using System.Text.Json;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Models;
using Locutor.Service.Inputs;

namespace Locutor.Service.Submissions;

/// <summary>A field of a request with the limits of one model. The web page builds its form from these.</summary>
/// <param name="Type">One of integer, number, string, boolean, array, object and file.</param>
/// <param name="Expected">The allowed values, in words.</param>
/// <param name="Step">
/// The distance between two allowed values, counted from the minimum; null when every value in the range is allowed.
/// </param>
/// <param name="MaxItems">The largest number of values; null for a field that has one value.</param>
/// <param name="Accept">The content types and file extensions that a file picker offers; null for a field that is not a file.</param>
public sealed record FieldView(
    string Name, string Title, string Group, string Type, string Help, string Expected, string DefaultText,
    double? Minimum, double? Maximum, double? Step, int? MaxLength, int? MaxItems, IReadOnlyList<string>? Choices,
    IReadOnlyList<string>? Accept)
{
    internal static FieldView From(RequestField field, Bundle bundle)
    {
        var limits = field.Limits(bundle);
        return new FieldView(
            field.Name, field.Title, JsonNamingPolicy.SnakeCaseLower.ConvertName(field.Group.ToString()),
            field is FileField ? "file" : limits.Type,
            field.Help, field.Expected(bundle), field.DefaultText, limits.Minimum ?? limits.Items?.Minimum,
            limits.Maximum ?? limits.Items?.Maximum, limits.Step,
            field is FileField ? null : limits.MaxLength, limits.MaxItems, limits.Choices,
            field is FileField ? Accepted(InputStore.Expected(field.Name)) : null);
    }

    /// <summary>
    /// Lists a content type with a wildcard and every file extension, since browsers do not know the content type of many extensions.
    /// </summary>
    internal static IReadOnlyList<string> Accepted(ExpectedMedia expected)
    {
        var (pattern, kind) = expected switch
        {
            ExpectedMedia.Picture => ("image/*", MediaKind.Picture),
            ExpectedMedia.Video => ("video/*", MediaKind.Video),
            _ => ("audio/*", MediaKind.Audio),
        };
        return [
            pattern,
            .. MediaContainer.All.SelectMany(container => container.Names(kind)?.Extensions ?? []).Distinct()
                .Select(extension => "." + extension)
        ];
    }

    /// <summary>
    /// Returns the default values of a preset at one size, by the name of the field. Fields without a default are omitted.
    /// </summary>
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
