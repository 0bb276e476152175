using System.Globalization;
using System.Text.Json;
using Locutor.Models;

namespace Locutor.Generation.Requests;

/// <summary>
/// The settings that a user asked for, without the input files: values by the names of <see cref="VideoFields"/>. It is immutable, and not
/// validated until <see cref="VideoSettings.Resolve"/>. Clients send it as JSON, and stored jobs contain it as JSON.
/// </summary>
public sealed class VideoRequest
{
    private readonly IReadOnlyDictionary<string, JsonElement> values;

    private VideoRequest(IReadOnlyDictionary<string, JsonElement> values) => this.values = values;

    /// <summary>A request without values; it uses the model's defaults.</summary>
    public static VideoRequest Empty { get; } = new(new Dictionary<string, JsonElement>());

    public string? this[TextField field] => (string?)Read(field);

    public long? this[WholeField field] => (long?)Read(field);

    public double? this[NumberField field] => (double?)Read(field);

    public bool? this[FlagField field] => (bool?)Read(field);

    public IReadOnlyList<SpeakerBox>? this[BoxesField field] => (IReadOnlyList<SpeakerBox>?)Read(field);

    public IReadOnlyList<ChosenAdapter>? this[AdaptersField field] => (IReadOnlyList<ChosenAdapter>?)Read(field);

    /// <summary>The given values, in the order of the table.</summary>
    public IEnumerable<(RequestField Field, JsonElement Value)> Given =>
        VideoFields.All.Where(known => values.ContainsKey(known.Name)).Select(known => (known, values[known.Name]));

    /// <summary>
    /// Returns a copy with one more value; null returns this object. JSON has no NaN and no infinity: they become texts, which
    /// <see cref="Check"/> refuses.
    /// </summary>
    public VideoRequest With(RequestField field, object? value) => value switch
    {
        null => this,
        double number when !double.IsFinite(number) =>
            With(field, JsonSerializer.SerializeToElement(number.ToString(CultureInfo.InvariantCulture))),
        _ => With(field, JsonSerializer.SerializeToElement(value, value.GetType())),
    };

    /// <summary>Returns a copy with one more value in its JSON form.</summary>
    public VideoRequest With(RequestField field, JsonElement value) =>
        new(new Dictionary<string, JsonElement>(values, StringComparer.Ordinal) { [field.Name] = value });

    /// <summary>Reports every value that the bundle does not allow.</summary>
    /// <param name="bundle">The bundle; null if the model is not known, and ranges that depend on it are not checked.</param>
    /// <param name="faults">Receives the faults.</param>
    public void Check(Bundle? bundle, RequestFaults faults)
    {
        foreach (var (field, value) in Given)
        {
            field.Read(value, bundle, out string? fault);
            if (fault is not null) faults.Add(field.Name, fault);
        }
    }

    /// <summary>Returns the request with all missing fields filled in from the defaults of the bundle, its preset and its size.</summary>
    public VideoRequest Complete(Bundle bundle)
    {
        var context = FieldContext.From(bundle, this[VideoFields.Preset], this[VideoFields.Size]);
        var complete = this;
        foreach (var field in VideoFields.All)
            if (Read(field) is null) complete = complete.With(field, field.Default(context));
        return complete;
    }

    public string ToJson() => JsonSerializer.Serialize(values);

    /// <summary>Parses the JSON of <see cref="ToJson"/>. Names that are no longer in the table are ignored.</summary>
    public static VideoRequest FromJson(string json)
    {
        using var document = JsonDocument.Parse(json);
        var known = VideoFields.All.Select(field => field.Name).ToHashSet(StringComparer.Ordinal);
        return new VideoRequest(document.RootElement.EnumerateObject().Where(property => known.Contains(property.Name))
            .ToDictionary(property => property.Name, property => property.Value.Clone(), StringComparer.Ordinal));
    }

    private object? Read(RequestField field) => values.TryGetValue(field.Name, out var value) ? field.Read(value, null, out _) : null;
}
