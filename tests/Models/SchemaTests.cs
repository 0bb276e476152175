using System.Text.Json;
using System.Text.RegularExpressions;

namespace Locutor.Models.Tests;

/// <summary>The shipped bundles against the schema that describes them, with as much of JSON Schema as it uses.</summary>
public class SchemaTests
{
    private static readonly JsonElement Schema = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(ShippedBundlesTests.Folder, "bundle.schema.json"))).RootElement;

    [Theory]
    [MemberData(nameof(ShippedBundlesTests.Names), MemberType = typeof(ShippedBundlesTests))]
    public void A_shipped_bundle_conforms_to_its_schema(string name)
    {
        using var bundle = JsonDocument.Parse(File.ReadAllText(Path.Combine(ShippedBundlesTests.Folder, name, "bundle.json")));
        Faults(bundle.RootElement, Schema, name).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("\"defaultSize\"", "\"defaultSzie\"", "defaultSzie: not in the schema")]
    [InlineData("\"steps\": 40", "\"steps\": \"40\"", "presets.quality.steps: expected integer, found String")]
    [InlineData("\"size\": 507609880", "\"sha256\": \"xyz\"", "autoencoder.files.0.sha256: xyz does not match")]
    [InlineData("\"Wan14B\"", "\"Wan15B\"", "transformer.architecture: Wan15B is none of")]
    public void The_schema_refuses_wrong_bundles(string from, string to, string fault)
    {
        string json = File.ReadAllText(Path.Combine(ShippedBundlesTests.Folder, "infinitetalk-480p", "bundle.json"))
            .Replace(from, to, StringComparison.Ordinal);
        using var bundle = JsonDocument.Parse(json);
        Faults(bundle.RootElement, Schema, "").ShouldContain(f => f.Contains(fault, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Faults(JsonElement value, JsonElement schema, string at)
    {
        if (schema.TryGetProperty("$ref", out var reference))
            schema = Schema.GetProperty("$defs").GetProperty(reference.GetString()!.Split('/')[^1]);
        if (schema.TryGetProperty("type", out var type) && !Fits(value, type.GetString()!))
            return [$"{at}: expected {type.GetString()}, found {value.ValueKind}"];
        return value.ValueKind switch
        {
            JsonValueKind.Object => Members(value, schema, at),
            JsonValueKind.Array when schema.TryGetProperty("items", out var items) =>
                value.EnumerateArray().SelectMany((item, i) => Faults(item, items, $"{at}.{i}")),
            JsonValueKind.String => Text(value.GetString()!, schema, at),
            JsonValueKind.Number when schema.TryGetProperty("minimum", out var least) && value.GetDouble() < least.GetDouble() =>
                [$"{at}: {value} is under {least}"],
            _ => [],
        };
    }

    private static bool Fits(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a type that the schema uses"),
    };

    private static IEnumerable<string> Members(JsonElement value, JsonElement schema, string at)
    {
        foreach (var required in schema.TryGetProperty("required", out var names) ? names.EnumerateArray() : default)
            if (!value.TryGetProperty(required.GetString()!, out _)) yield return $"{at}.{required}: missing";
        foreach (var member in value.EnumerateObject())
        {
            string path = $"{at}.{member.Name}";
            if (schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(member.Name, out var own))
                foreach (string fault in Faults(member.Value, own, path)) yield return fault;
            else if (schema.TryGetProperty("additionalProperties", out var more) && more.ValueKind == JsonValueKind.Object)
                foreach (string fault in Faults(member.Value, more, path)) yield return fault;
            else if (more.ValueKind == JsonValueKind.False) yield return $"{path}: not in the schema";
        }
    }

    private static IEnumerable<string> Text(string text, JsonElement schema, string at)
    {
        if (schema.TryGetProperty("pattern", out var pattern) && !Regex.IsMatch(text, pattern.GetString()!))
            yield return $"{at}: {text} does not match {pattern}";
        if (schema.TryGetProperty("enum", out var values) && !values.EnumerateArray().Any(v => v.GetString() == text))
            yield return $"{at}: {text} is none of {values}";
    }
}
