using System.Text.Json;

namespace Locutor.Tests;

/// <summary>
/// Writes the tensors of a network in the formats of published files. It uses no code of the product, so that an error in the product's
/// writers cannot hide one in its readers.
/// </summary>
public static class FormatFile
{
    public static string[] Names { get; } =
    [
        "safetensors float32", "safetensors bfloat16", "safetensors float16", "shards", "prefixed", "PyTorch zip", "PyTorch pickle",
        "quanto int8", "quanto float8", "float8", "float8 scaled", "float8 by row", "int8 by row", "GGUF Q8_0", "GGUF Q6_K", "GGUF Q5_K",
        "GGUF Q4_K", "GGUF BF16", "GGUF F16",
    ];

    /// <summary>Returns the tensors that a file of this format holds for parameters of these names and shapes.</summary>
    public static StoredTensor[] Choose(string format, IReadOnlyDictionary<string, long[]> shapes, Random random) =>
        [.. shapes.Select(s => Choose(format, s.Key, s.Value, random))];

    private static StoredTensor Choose(string format, string name, long[] shape, Random random)
    {
        bool matrix = shape.Length == 2 && name.EndsWith(".weight", StringComparison.Ordinal)
            && !name.Contains("position_embedding", StringComparison.Ordinal);
        long rows = shape.Length > 0 ? shape[0] : 1;
        StoredTensor Quantised(StoredType type, long scales) =>
            matrix ? StoredTensor.Eight(random, name, shape, type, scales) : StoredTensor.Plain(random, name, shape, StoredType.BFloat16);
        StoredTensor Blocks(StoredType type) =>
            matrix && shape[1] % StoredTensor.BlockElements(type) == 0
                ? StoredTensor.Blocks(random, name, shape, type)
                : StoredTensor.Plain(random, name, shape, StoredType.Float32);
        return format switch
        {
            "safetensors bfloat16" or "PyTorch pickle" or "GGUF BF16" => StoredTensor.Plain(random, name, shape, StoredType.BFloat16),
            "safetensors float16" or "PyTorch zip" or "GGUF F16" => StoredTensor.Plain(random, name, shape, StoredType.Float16),
            "quanto int8" or "int8 by row" => Quantised(StoredType.Int8, rows),
            "quanto float8" or "float8 by row" => Quantised(StoredType.Float8E4M3, rows),
            "float8 scaled" => Quantised(StoredType.Float8E4M3, 1),
            "float8" => Quantised(StoredType.Float8E4M3, 0),
            "GGUF Q8_0" => Blocks(StoredType.Q8),
            "GGUF Q6_K" => Blocks(StoredType.Q6K),
            "GGUF Q5_K" => Blocks(StoredType.Q5K),
            "GGUF Q4_K" => Blocks(StoredType.Q4K),
            _ => StoredTensor.Plain(random, name, shape, StoredType.Float32),
        };
    }

    /// <summary>Writes the file or files.</summary>
    /// <returns>The path that a user gives to open the checkpoint.</returns>
    public static string Write(string format, string folder, StoredTensor[] tensors)
    {
        string path = Path.Combine(folder, "m.safetensors");
        if (format.StartsWith("GGUF", StringComparison.Ordinal)) return WriteGguf(Path.Combine(folder, "m.gguf"), tensors);
        if (format.StartsWith("PyTorch", StringComparison.Ordinal))
            return WriteTorch(Path.Combine(folder, "m.pth"), tensors, format == "PyTorch pickle");
        if (format == "shards") return WriteShards(folder, tensors);
        bool quanto = format.StartsWith("quanto", StringComparison.Ordinal);
        var parts = new List<(string Name, StoredType Type, long[] Shape, byte[] Bytes)>();
        foreach (var t in tensors)
        {
            string prefix = format == "prefixed" ? "model.diffusion_model." : "",
                layer = t.Name[..^Math.Min(t.Name.Length, ".weight".Length)];
            parts.Add((prefix + t.Name + (quanto && t.Scale.Length > 0 ? "._data" : ""), t.Type, t.Shape, t.Bytes));
            if (t.Scale.Length == 0) continue;
            string scale = quanto ? t.Name + "._scale" : format == "float8 scaled" ? layer + ".scale_weight" : layer + ".weight_scale";
            parts.Add((
                scale, StoredType.Float32, t.Scale.Length == 1 ? [1] : [t.Scale.Length, 1],
                [.. t.Scale.SelectMany(BitConverter.GetBytes)]));
        }
        if (format == "float8 scaled") parts.Add(("scaled_fp8", StoredType.Float8E4M3, [2], new byte[2]));
        if (quanto)
        {
            File.WriteAllText(
                Path.Combine(folder, "m.json"),
                JsonSerializer.Serialize(tensors.Where(t => t.Scale.Length > 0).ToDictionary(
                    t => t.Name[..^".weight".Length],
                    t => new { weights = t.Type == StoredType.Int8 ? "qint8" : "qfloat8", activations = "none" })));
        }

        WriteSafetensors(path, parts);
        return path;
    }

    /// <summary>Writes a safetensors file: the length of the header as 8 bytes, a JSON header, and the bytes of all tensors.</summary>
    private static void WriteSafetensors(string path, List<(string Name, StoredType Type, long[] Shape, byte[] Bytes)> parts)
    {
        var header = new Dictionary<string, object>();
        long end = 0;
        foreach (var part in parts)
        {
            header.Add(
                part.Name,
                new { dtype = SafetensorsName(part.Type), shape = part.Shape, data_offsets = new[] { end, end += part.Bytes.Length } });
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        foreach (var part in parts) file.Write(part.Bytes);
    }

    private static string SafetensorsName(StoredType type) => type switch
    {
        StoredType.Float32 => "F32",
        StoredType.Float16 => "F16",
        StoredType.BFloat16 => "BF16",
        StoredType.Float8E4M3 => "F8_E4M3",
        StoredType.Int8 => "I8",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "expected a type of safetensors"),
    };

    private static string WriteShards(string folder, StoredTensor[] tensors)
    {
        for (int i = 0; i < 2; i++)
        {
            WriteSafetensors(
                Path.Combine(folder, $"m-{i}.safetensors"),
                [.. tensors.Where((_, n) => n % 2 == i).Select(t => (t.Name, t.Type, t.Shape, t.Bytes))]);
        }

        string index = Path.Combine(folder, "m.safetensors.index.json");
        File.WriteAllText(
            index,
            JsonSerializer.Serialize(
                new { weight_map = tensors.Select((t, n) => (t.Name, n)).ToDictionary(t => t.Name, t => $"m-{t.n % 2}.safetensors") }));
        return index;
    }

    private static string WriteTorch(string path, StoredTensor[] tensors, bool legacy)
    {
        string Storage(StoredTensor t) =>
            t.Type switch { StoredType.Float16 => "HalfStorage", StoredType.BFloat16 => "BFloat16Storage", _ => "FloatStorage" };
        byte[] pickle = Pickler.Whole(p => p.Dictionary(tensors.Select((t, i) => (
            t.Name,
            (Action<Pickler>)(q => q.Tensor(new(Storage(t), $"{i}", t.Values.Length, 0, t.Shape, Strides(t.Shape)), legacy))))));
        File.WriteAllBytes(path, legacy
            ? TorchSave.Legacy(pickle, [.. tensors.Select((t, i) => ($"{i}", (long)t.Values.Length, t.Bytes))])
            : TorchSave.Zip(pickle, tensors.Select((t, i) => ($"{i}", t.Bytes))));
        return path;
    }

    private static long[] Strides(long[] shape) =>
        [.. shape.Select((_, i) => shape.Skip(i + 1).Aggregate(1L, (product, n) => product * n))];

    private static string WriteGguf(string path, StoredTensor[] tensors)
    {
        var writer = new GgufWriter();
        foreach (var t in tensors)
        {
            uint type = t.Type switch
            {
                StoredType.Q8 => 8,
                StoredType.Q4K => 12,
                StoredType.Q5K => 13,
                StoredType.Q6K => 14,
                StoredType.BFloat16 => 30,
                StoredType.Float16 => 1,
                _ => 0u,
            };
            // The format has at most four axes; writers merge the others and store the original shape as metadata.
            bool joined = t.Shape.Length > 4;
            if (joined) writer.Integers("comfy.gguf.orig_shape." + t.Name, [.. t.Shape.Select(n => (int)n)]);
            writer.Add(t.Name, type, joined ? [t.Shape[0], t.Values.Length / t.Shape[0]] : t.Shape, t.Bytes);
        }
        File.WriteAllBytes(path, writer.Bytes());
        return path;
    }
}
