using System.Text.Json;
using System.Text.Json.Serialization;

namespace Locutor.Models;

/// <summary>Bundles as JSON: camelCase names, comments allowed, unknown members refused.</summary>
public static class BundleJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    };

    /// <exception cref="BundleException">Not JSON, or not a bundle.</exception>
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

/// <summary>A bundle that is not there or cannot be used.</summary>
public sealed class BundleException : Exception
{
    public BundleException() { }

    public BundleException(string message) : base(message) { }

    public BundleException(string message, Exception inner) : base(message, inner) { }
}
