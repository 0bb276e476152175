using System.Text.Json;

namespace Locutor.Service.Submissions;

/// <summary>
/// The fields of another protocol whose names or values differ from those of a submission. All other fields are read unchanged.
/// </summary>
/// <param name="Names">The names of the other protocol with the names of a submission; null for a field that is accepted and ignored.
/// </param>
/// <param name="Convert">Converts the value of one of these fields.</param>
internal sealed record Dialect(IReadOnlyDictionary<string, string?> Names, Func<string, JsonElement, JsonElement> Convert)
{
    /// <summary>The fields of this service.</summary>
    public static Dialect Own { get; } = new(new Dictionary<string, string?>(), static (_, value) => value);

    /// <summary>Returns the name of the field in a submission; null when the field is ignored.</summary>
    public string? NameOf(string name) => Names.TryGetValue(name, out string? own) ? own : name;

    /// <summary>Returns the value of the field in a submission.</summary>
    public JsonElement ValueOf(string name, JsonElement value) => Names.ContainsKey(name) ? Convert(name, value) : value;
}
