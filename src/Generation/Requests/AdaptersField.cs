using System.Globalization;
using System.Text.Json;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Generation.Requests;

/// <summary>An adapter (LoRA) of the store with the strength of its changes.</summary>
public readonly record struct ChosenAdapter(string Name, double Strength);

/// <summary>
/// Adapters (LoRA) that the operator has put into the store, each as NAME or NAME=STRENGTH. The value is an array of such texts; a form
/// and the command line may also give one text with commas between several.
/// </summary>
public sealed class AdaptersField(string name, string help) : RequestField(name, help)
{
    /// <summary>Largest number of adapters of one video.</summary>
    public const int Most = 4;

    /// <summary>Largest strength, in either direction.</summary>
    public const double Strongest = 2;
    private const int LongestText = 100;

    public override string Title => "Adapters (LoRA)";

    public override string Expected(Bundle? bundle) => bundle switch
    {
        { OwnAdapters.Count: 0 } => "no adapter, since the operator has put none into the store for this model",
        null => $"at most {Most} names of adapters, each as NAME or NAME=STRENGTH with a strength from -{Strongest} to {Strongest}",
        _ =>
            $"at most {Most} of {string.Join(", ", bundle.OwnAdapters.Keys)}, each as NAME or NAME=STRENGTH with a strength from " +
            $"-{Strongest} to {Strongest}",
    };

    public override FieldLimits Limits(Bundle? bundle) => new("array")
    {
        Items = new FieldLimits("string") { MaxLength = LongestText, Minimum = -Strongest, Maximum = Strongest },
        MaxItems = Most,
        Choices = bundle is null ? null : [.. bundle.OwnAdapters.Keys],
    };

    public override JsonElement FromText(string text) =>
        text.TrimStart() is ['[' or '{', ..]
            ? base.FromText(text)
            : JsonSerializer.SerializeToElement(text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    public override string Join(IReadOnlyList<string> texts) => string.Join(',', texts);

    protected override object? Convert(JsonElement value, Bundle? bundle, out string? fault)
    {
        fault = null;
        if (Texts(value) is not { } texts)
        {
            fault = Unfit(value, bundle);
            return null;
        }
        var chosen = new List<ChosenAdapter>();
        foreach (string text in texts.Take(Most))
        {
            if (Parse(text, bundle) is { } adapter) chosen.Add(adapter);
            else fault ??= Unfit(JsonSerializer.SerializeToElement(text), bundle);
        }
        if (fault is null && texts.Length > Most) fault = $"expected at most {Most} adapters, found {texts.Length}";
        if (fault is null && chosen.GroupBy(adapter => adapter.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            fault = $"expected different adapters, found '{twice.Key}' twice";
        return fault is null && chosen.Count > 0 ? chosen : null;
    }

    /// <summary>Returns null if the value is not an array of texts.</summary>
    private static string[]? Texts(JsonElement value)
    {
        try
        {
            return value.ValueKind is JsonValueKind.Array && value.EnumerateArray().All(one => one.ValueKind is JsonValueKind.String)
                ? [.. value.EnumerateArray().Select(one => one.GetString()!)]
                : null;
        }
        catch (InvalidOperationException)
        {
            return null; // an unpaired surrogate is not a character
        }
    }

    /// <summary>Returns null for a text of another form, a name that is not in the store, or a strength out of its range.</summary>
    private static ChosenAdapter? Parse(string text, Bundle? bundle)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = (equals < 0 ? text : text[..equals]).Trim();
        double strength = 1;
        bool fits = text.Length <= LongestText && AdapterFolder.IsName(name) && bundle?.OwnAdapters.ContainsKey(name) != false
            && (equals < 0
                || double.TryParse(text.AsSpan(equals + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out strength));
        return fits && Math.Abs(strength) <= Strongest ? new ChosenAdapter(name, strength) : null;
    }
}
