using System.Text.Json;
using Locutor.Models;
using Locutor.TextToSpeech;

namespace Locutor.Generation.Requests;

/// <summary>A text field. An empty text counts as missing.</summary>
/// <param name="name">Name in JSON and forms, in snake_case.</param>
/// <param name="help">One or two sentences for users.</param>
/// <param name="longest">Largest number of characters.</param>
public class TextField(string name, string help, int longest) : RequestField(name, help)
{
    /// <summary>Returns true for a text of the required form; null accepts every text.</summary>
    public Func<string, bool>? Fits { get; init; }

    /// <summary>Describes the required form; the text follows the word "expected".</summary>
    public string Form { get; init; } = $"text of at most {longest} characters";

    public override string Expected(Bundle? bundle) => Form;

    public override FieldLimits Limits(Bundle? bundle) => new("string") { MaxLength = longest };

    public override JsonElement FromText(string text) => JsonSerializer.SerializeToElement(text);

    protected override object? Convert(JsonElement value, Bundle? bundle, out string? fault)
    {
        fault = null;
        string? text = Text(value);
        if (text is null) fault = Unfit(value, bundle);
        else if (text.Length > longest) fault = $"expected text of at most {longest} characters, found {text.Length}";
        else if (string.IsNullOrWhiteSpace(text)) return null;
        else if (!Allows(text, bundle)) fault = Unfit(value, bundle);
        return fault is null ? text : null;
    }

    protected virtual bool Allows(string text, Bundle? bundle) => Fits is null || Fits(text);

    /// <summary>
    /// Returns null if the value is not a text. Fields with a required form, such as a threshold, also accept a number.
    /// </summary>
    private string? Text(JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Number && Fits is not null) return value.GetRawText();
        try
        {
            return value.ValueKind is JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // an unpaired surrogate is not a character
        }
    }
}

/// <summary>A field that accepts one of several names.</summary>
/// <param name="name">Name in JSON and forms, in snake_case.</param>
/// <param name="help">One or two sentences for users.</param>
/// <param name="names">Returns the names; null if they depend on a model that is not known.</param>
public sealed class ChoiceField(string name, string help, Func<Bundle?, IReadOnlyList<string>?> names) : TextField(name, help, 255)
{
    /// <summary>Describes the choices if they depend on the model.</summary>
    public string Source { get; init; } = "the model's names";

    public override string Expected(Bundle? bundle) =>
        names(bundle) is { } known ? $"one of {string.Join(", ", known)}" : $"one of {Source}";

    public override FieldLimits Limits(Bundle? bundle) => new("string") { Choices = names(bundle) };

    protected override bool Allows(string text, Bundle? bundle) => names(bundle) is not { } known || known.Contains(text);
}

/// <summary>An input file: a path or URL on the command line, a URL in JSON, a URL or the file itself in a form.</summary>
public sealed class FileField(string name, string help) : TextField(name, help, int.MaxValue)
{
    public override bool IsInput => true;

    public override string Expected(Bundle? bundle) => "a file or its URL";

    /// <summary>Media type that a browser's file dialog offers.</summary>
    public required string Accept { get; init; }

    public override FieldLimits Limits(Bundle? bundle) => new("string");
}

/// <summary>A text to speak, as <see cref="Script"/> reads it.</summary>
public sealed class ScriptField(string name, string help) : TextField(name, help, Script.LongestText)
{
    public override bool IsInput => true;

    protected override object? Convert(JsonElement value, Bundle? bundle, out string? fault)
    {
        object? text = base.Convert(value, bundle, out fault);
        if (text is not null) fault = Script.Fault((string)text);
        return fault is null ? text : null;
    }
}
