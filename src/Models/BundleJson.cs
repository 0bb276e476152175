using System.Text.Json;
using System.Text.Json.Serialization;

namespace Locutor.Models;

/// <summary>Reads bundles from JSON: names are camelCase, comments are allowed, unknown members are refused.</summary>
public static class BundleJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    };

    /// <summary>Reads a bundle from a JSON file.</summary>
    /// <exception cref="BundleException">The file is not JSON, or not a valid bundle.</exception>
    public static Bundle Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize<Bundle>(file, Options) ?? throw new BundleException($"{path}: expected a bundle, found null");
        }
        catch (JsonException broken)
        {
            throw new BundleException($"{path}: {broken.Message}", broken);
        }
    }

    public static string Write(Bundle bundle) => JsonSerializer.Serialize(bundle, Options);
}

/// <summary>Thrown when a bundle or one of its files is missing or cannot be used.</summary>
public sealed class BundleException : Exception
{
    public BundleException() { }

    public BundleException(string message) : base(message) { }

    public BundleException(string message, Exception inner) : base(message, inner) { }
}
