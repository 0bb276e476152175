using System.Text.Json;
using Locutor.Generation.Conditioning;
using Locutor.Models;

namespace Locutor.Generation.Requests;

/// <summary>
/// The wishes of a user, apart from the input files: values by the names of <see cref="VideoFields"/>. It is immutable, and unchecked
/// until <see cref="VideoSettings.Resolve"/>. As JSON it is what a client sends and what a stored job keeps.
/// </summary>
public sealed class VideoRequest
{
    private readonly IReadOnlyDictionary<string, JsonElement> values;

    private VideoRequest(IReadOnlyDictionary<string, JsonElement> values) => this.values = values;

    /// <summary>Asks for the defaults of the model.</summary>
    public static VideoRequest Empty { get; } = new(new Dictionary<string, JsonElement>());

    public string? this[TextField field] => (string?)Read(field);

    public long? this[WholeField field] => (long?)Read(field);

    public double? this[NumberField field] => (double?)Read(field);

    public bool? this[FlagField field] => (bool?)Read(field);

    public IReadOnlyList<SpeakerBox>? this[BoxesField field] => (IReadOnlyList<SpeakerBox>?)Read(field);

    /// <summary>The values that were given, in the order of the table.</summary>
    public IEnumerable<(RequestField Field, JsonElement Value)> Given =>
        VideoFields.All.Where(known => values.ContainsKey(known.Name)).Select(known => (known, values[known.Name]));

    /// <summary>A copy with one more value; null changes nothing.</summary>
    public VideoRequest With(RequestField field, object? value) => value is null ? this : With(field, JsonSerializer.SerializeToElement(value, value.GetType()));

    /// <summary>A copy with one more value, as it was sent.</summary>
    public VideoRequest With(RequestField field, JsonElement value) => new(new Dictionary<string, JsonElement>(values, StringComparer.Ordinal) { [field.Name] = value });

    /// <summary>Notes every value that the bundle does not allow.</summary>
    /// <param name="bundle">Null when the model is not known; ranges that depend on it are then not checked.</param>
    public void Check(Bundle? bundle, RequestFaults faults)
    {
        foreach (var (field, value) in Given)
        {
            field.Read(value, bundle, out string? fault);
            if (fault is not null) faults.Add(field.Name, fault);
        }
    }

    /// <summary>The request with the defaults of the bundle, of its preset and of its size in every field that was left open.</summary>
    public VideoRequest Complete(Bundle bundle)
    {
        var context = FieldContext.From(bundle, this[VideoFields.Preset], this[VideoFields.Size]);
        var complete = this;
        foreach (var field in VideoFields.All)
            if (Read(field) is null) complete = complete.With(field, field.Default(context));
        return complete;
    }

    public string ToJson() => JsonSerializer.Serialize(values);

    /// <summary>Reads what <see cref="ToJson"/> wrote. Names that the table no longer has are dropped.</summary>
    public static VideoRequest FromJson(string json)
    {
        using var document = JsonDocument.Parse(json);
        var known = VideoFields.All.Select(field => field.Name).ToHashSet(StringComparer.Ordinal);
        return new VideoRequest(document.RootElement.EnumerateObject().Where(property => known.Contains(property.Name))
            .ToDictionary(property => property.Name, property => property.Value.Clone(), StringComparer.Ordinal));
    }

    private object? Read(RequestField field) => values.TryGetValue(field.Name, out var value) ? field.Read(value, null, out _) : null;
}
