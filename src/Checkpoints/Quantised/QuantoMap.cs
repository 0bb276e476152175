using System.Text.Json;

namespace Locutor.Checkpoints.Quantised;

/// <summary>
/// The JSON map that optimum-quanto writes next to a checkpoint, <c>{layer: {"weights": "qint8", "activations": "none"}}</c>. It lists the
/// quantised layers and their types.
/// </summary>
internal static class QuantoMap
{
    private const long LongestMap = 64 << 20;

    /// <summary>Compares the map, if there is one, with the tensors and refuses a difference.</summary>
    public static void Check(string checkpoint, IReadOnlyDictionary<string, CheckpointTensor> tensors)
    {
        if (Find(checkpoint) is not { } path) return;
        try
        {
            if (new FileInfo(path).Length > LongestMap)
                throw new CheckpointException($"{path}: expected a map of at most {LongestMap} bytes");
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 8 });
            foreach (var layer in json.RootElement.EnumerateObject()) CheckLayer(path, layer, tensors);
            foreach (var (key, tensor) in tensors)
            {
                if (tensor.Scale is null || !key.EndsWith(".weight", StringComparison.Ordinal)) continue;
                if (!json.RootElement.TryGetProperty(key[..^".weight".Length], out _))
                {
                    throw new CheckpointException(
                        $"{path}: expected {key[..^".weight".Length]}, whose weight in {checkpoint} is {tensor.Type} with a scale");
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new CheckpointException($"{path}: expected a map of layers to weights and activations, found: {e.Message}", e);
        }
    }

    private static void CheckLayer(string path, JsonProperty layer, IReadOnlyDictionary<string, CheckpointTensor> tensors)
    {
        string weights = layer.Value.GetProperty("weights").GetString() ?? "",
            activations = layer.Value.GetProperty("activations").GetString() ?? "";
        if (activations != "none") throw new CheckpointException($"{path}: {layer.Name}: expected activations none, found {activations}");
        var expected = weights switch
        {
            "none" => (ElementType?)null,
            "qint8" => ElementType.Int8,
            "qfloat8" or "qfloat8_e4m3fn" => ElementType.Float8E4M3,
            "qfloat8_e5m2" => ElementType.Float8E5M2,
            _ =>
                throw new CheckpointException(
                    $"{path}: {layer.Name}: expected weights qint8, qfloat8, qfloat8_e4m3fn, qfloat8_e5m2 or none, found {weights}"),
        };
        if (expected is not { } type) return;
        if (!tensors.TryGetValue(layer.Name + ".weight", out var tensor))
            throw new CheckpointException($"{path}: {layer.Name}: expected a tensor {layer.Name}.weight._data, found none");
        if (tensor.Type != type || tensor.Scale is null)
        {
            throw new CheckpointException(
                $"{path}: {layer.Name}: expected {type} with a scale, found {tensor.Type}{(tensor.Scale is null ? " without one" : "")}");
        }
    }

    /// <summary>
    /// Finds the map: <c>model.json</c> for <c>model.safetensors</c>, or <c>t5_map_fp8.json</c> for <c>t5_fp8.safetensors</c>. A JSON file
    /// of another form is ignored.
    /// </summary>
    private static string? Find(string checkpoint)
    {
        if (!checkpoint.EndsWith(".safetensors", StringComparison.Ordinal)) return null;
        string name = Path.GetFileNameWithoutExtension(checkpoint), folder = Path.GetDirectoryName(checkpoint) ?? "";
        string spread = name.IndexOf('_', StringComparison.Ordinal) is > 0 and var place ? $"{name[..place]}_map{name[place..]}" : name;
        return new[] { name, spread }.Select(n => Path.Combine(folder, n + ".json")).FirstOrDefault(p => File.Exists(p) && LooksLikeMap(p));
    }

    private static bool LooksLikeMap(string path)
    {
        byte[] start = new byte[4096];
        using var file = File.OpenRead(path);
        int read = file.ReadAtLeast(start, start.Length, false);
        return start.AsSpan(0, read).IndexOf("\"weights\""u8) >= 0;
    }
}
