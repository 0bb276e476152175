using System.Text.Json;

namespace Locutor.Checkpoints.Formats;

/// <summary>
/// The index of a sharded checkpoint, <c>{"weight_map": {key: file}}</c>. The index is untrusted input: file names and sizes are checked.
/// </summary>
public static class ShardIndex
{
    /// <summary>Largest accepted size of an index, in bytes.</summary>
    public const long Longest = 64 << 20;

    private const int MostShards = 1000;

    /// <summary>True if the file name is that of an index, <c>*.safetensors.index.json</c>.</summary>
    public static bool IsIndex(string path) => path.EndsWith(".safetensors.index.json", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads and validates an index.</summary>
    /// <returns>For each tensor key, the name of a file in the folder of the index.</returns>
    /// <exception cref="CheckpointException">The file is not an index or is too large, or a file name points outside its
    /// folder.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        var info = new FileInfo(path);
        if (info.Length > Longest)
            throw new CheckpointException($"{path}: expected an index of at most {Longest} bytes, found {info.Length}");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 8 });
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("weight_map", out var element))
            {
                throw new CheckpointException(
                    $"{path}: expected a checkpoint or an index of shards, found JSON without a field weight_map");
            }

            return ReadMap(path, element);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: expected an index in JSON, found: {e.Message}", e);
        }
    }

    /// <summary>Returns the file names in an index, each once, in ordinal order.</summary>
    /// <exception cref="CheckpointException">See <see cref="Read"/>.</exception>
    public static string[] Shards(string path) => [.. Read(path).Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static Dictionary<string, string> ReadMap(string path, JsonElement element)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in element.EnumerateObject())
        {
            string file = entry.Value.GetString() ?? "";
            if (file.Length == 0 || file != Path.GetFileName(file) || file is "." or "..")
                throw new CheckpointException($"{path}: key {entry.Name}: expected the name of a file beside the index, found {file}");
            if (!map.TryAdd(entry.Name, file)) throw new CheckpointException($"{path}: key {entry.Name}: expected once, found twice");
        }

        if (map.Count == 0) throw new CheckpointException($"{path}: expected keys in weight_map, found none");
        int shards = map.Values.Distinct(StringComparer.Ordinal).Count();
        return shards <= MostShards ? map : throw new CheckpointException($"{path}: expected at most {MostShards} files, found {shards}");
    }
}
