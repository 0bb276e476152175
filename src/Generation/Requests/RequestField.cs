using System.Globalization;
using System.Text.Json;
using Locutor.Models;

namespace Locutor.Generation.Requests;

/// <summary>Headings under which help, documentation and web page list the fields.</summary>
public enum FieldGroup
{
    Inputs,
    Speech,
    Voices,
    Words,
    Model,
    Sampling,
    Speed,
    Output,
    Delivery,
}

/// <summary>The bundle, preset and size on which a default depends.</summary>
public readonly record struct FieldContext(Bundle Bundle, Preset Preset, string Size)
{
    /// <summary>
    /// Creates the context of a preset and a size of the bundle; for null or unknown names, the bundle's defaults are used.
    /// </summary>
    public static FieldContext From(Bundle bundle, string? preset = null, string? size = null) => new(
        bundle,
        bundle.Presets.TryGetValue(preset ?? bundle.DefaultPreset, out var chosen) ? chosen : bundle.Presets[bundle.DefaultPreset],
        size is not null && bundle.Sizes.ContainsKey(size) ? size : bundle.DefaultSize);
}

/// <summary>The limits of a field, for schemas and for the web page.</summary>
/// <param name="Type">JSON type: integer, number, string, boolean, array or object.</param>
public sealed record FieldLimits(string Type)
{
    /// <summary>Smallest value; of an adapter, the smallest strength.</summary>
    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    /// <summary>Step between allowed values, counted from the minimum.</summary>
    public double? Step { get; init; }

    public int? MaxLength { get; init; }

    /// <summary>Limits of each item of an array; null for other types.</summary>
    public FieldLimits? Items { get; init; }

    public int? MinItems { get; init; }

    public int? MaxItems { get; init; }

    /// <summary>
    /// The allowed names, of a text or of the items of an array; null if any text is allowed, or if the names depend on a model that is not
    /// known.
    /// </summary>
    public IReadOnlyList<string>? Choices { get; init; }
}

/// <summary>
/// One field of a video request: its name, type, range, default and help. Command line, JSON, form, OpenAPI document, web page and
/// documentation are derived from it.
/// </summary>
/// <param name="name">Name in JSON and forms, in snake_case.</param>
/// <param name="help">One or two sentences for users.</param>
public abstract class RequestField(string name, string help)
{
    private const int LongestEcho = 40;

    public string Name { get; } = name;

    public string Help { get; } = help;

    public FieldGroup Group { get; init; }

    /// <summary>
    /// True for a file or a text that a job keeps as one of its inputs; false for a setting, which it keeps in its request.
    /// </summary>
    public virtual bool IsInput => false;

    /// <summary>Option on the command line; null if the command line does not have this field.</summary>
    public string? Option { get; init; } = "--" + name.Replace('_', '-');

    /// <summary>Short option on the command line, such as <c>-p</c>; null for none.</summary>
    public string? ShortOption { get; init; }

    /// <summary>Placeholder for the value in the command-line help.</summary>
    public string ValueName { get; init; } = "TEXT";

    /// <summary>Returns the value that is used if the request has none; null if there is no default.</summary>
    public Func<FieldContext, object?> Default { get; init; } = static _ => null;

    /// <summary>The default as a text, for help and documentation.</summary>
    public string DefaultText { get; init; } = "";

    /// <summary>The name as a label, such as "Audio guidance".</summary>
    public virtual string Title => char.ToUpperInvariant(Name[0]) + Name[1..].Replace('_', ' ');

    /// <summary>Describes the accepted values; the text follows the word "expected".</summary>
    /// <param name="bundle">The bundle, on which some ranges depend; null if no model has been chosen yet.</param>
    public abstract string Expected(Bundle? bundle);

    /// <summary>Returns the limits of the field.</summary>
    /// <param name="bundle">The bundle, on which some ranges depend; null if no model has been chosen yet.</param>
    public abstract FieldLimits Limits(Bundle? bundle);

    /// <summary>Parses a value. Returns null with a fault for an invalid value, and null without a fault if no value was given.</summary>
    public object? Read(JsonElement value, Bundle? bundle, out string? fault)
    {
        fault = null;
        return value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined ? null : Convert(value, bundle, out fault);
    }

    /// <summary>Converts a text from a form or the command line to JSON.</summary>
    public virtual JsonElement FromText(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 8 });
            return json.RootElement.Clone();
        }
        catch (JsonException)
        {
            // Numbers in common spellings, such as .5 or +3. NaN and Infinity remain texts and are refused.
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
                ? JsonSerializer.SerializeToElement(number)
                : JsonSerializer.SerializeToElement(text);
        }
    }

    /// <summary>Joins the values of an option that is given several times to one text; null if it may be given only once.</summary>
    public virtual string? Join(IReadOnlyList<string> texts) => null;

    protected abstract object? Convert(JsonElement value, Bundle? bundle, out string? fault);

    /// <summary>Returns the message about an invalid value.</summary>
    protected string Unfit(JsonElement value, Bundle? bundle) => $"expected {Expected(bundle)}, found {Echo(value)}";

    private static string Echo(JsonElement value)
    {
        string text = value.ValueKind is JsonValueKind.String ? Text(value) : value.GetRawText();
        string cut = text.Length > LongestEcho ? text[..LongestEcho] + "..." : text;
        return value.ValueKind is not JsonValueKind.String ? cut : cut.Length == 0 ? "nothing" : $"'{cut}'";
    }

    private static string Text(JsonElement value)
    {
        try
        {
            return string.Concat(value.GetString()!.Select(letter => char.IsControl(letter) ? '?' : letter));
        }
        catch (InvalidOperationException)
        {
            return value.GetRawText()[1..^1]; // an unpaired surrogate is shown as its escape sequence
        }
    }
}
