using System.Text.Json;

namespace Locutor.Checkpoints;

/// <summary>The index of a checkpoint in several files, <c>{"weight_map": {key: file}}</c>. It comes from outside: names and sizes are checked.</summary>
public static class ShardIndex
{
    /// <summary>Bytes that an index may have.</summary>
    public const long Longest = 64 << 20;

    private const int MostShards = 1000;

    /// <summary>Whether a file of that name is an index.</summary>
    public static bool IsIndex(string path) => path.EndsWith(".safetensors.index.json", StringComparison.OrdinalIgnoreCase);

    /// <returns>For each key the name of a file beside the index.</returns>
    /// <exception cref="CheckpointException">Not an index, too large, or a name that leads elsewhere.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        var info = new FileInfo(path);
        if (info.Length > Longest) throw new CheckpointException($"{path}: expected an index of at most {Longest} bytes, found {info.Length}");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 8 });
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("weight_map", out var element))
                throw new CheckpointException($"{path}: expected a checkpoint or an index of shards, found JSON without a field weight_map");
            return ReadMap(path, element);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: expected an index in JSON, found: {e.Message}", e);
        }
    }

    /// <summary>The files that an index names, each once.</summary>
    /// <exception cref="CheckpointException">As <see cref="Read"/>.</exception>
    public static string[] Shards(string path) => [.. Read(path).Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static Dictionary<string, string> ReadMap(string path, JsonElement element)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in element.EnumerateObject())
        {
            string file = entry.Value.GetString() ?? "";
            if (file.Length == 0 || file != Path.GetFileName(file) || file is "." or "..") throw new CheckpointException($"{path}: key {entry.Name}: expected the name of a file beside the index, found {file}");
            if (!map.TryAdd(entry.Name, file)) throw new CheckpointException($"{path}: key {entry.Name}: expected once, found twice");
        }

        if (map.Count == 0) throw new CheckpointException($"{path}: expected keys in weight_map, found none");
        int shards = map.Values.Distinct(StringComparer.Ordinal).Count();
        return shards <= MostShards ? map : throw new CheckpointException($"{path}: expected at most {MostShards} files, found {shards}");
    }
}
