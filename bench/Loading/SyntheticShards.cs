using System.Runtime.InteropServices;
using System.Text.Json;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Loading.Bench;

/// <summary>
/// Writes files like those of the released transformer, with its shapes and random numbers, but with fewer blocks: shards with an index, an
/// audio adapter, and a LoRA of rank 32 for every linear layer of the blocks. <c>locutor models prepare --weights</c> is timed with them.
/// </summary>
internal static class SyntheticShards
{
    private const long ShardBytes = 2L << 30;
    private const int Rank = 32;

    public static void Write(string folder, int blocks, ElementType type)
    {
        Directory.CreateDirectory(folder);
        using var shapes = new ShapeParameters();
        _ = new VideoTransformer(new Weights(shapes, ScalarType.BFloat16, META), VideoTransformerConfig.Wan14B with { Blocks = blocks });
        TensorOutline[] all = [.. shapes.Shapes.Select(shape => new TensorOutline(shape.Key, type, shape.Value))];
        var adapter = all.Where(IsAudio).ToArray();
        var map = new Dictionary<string, string>();
        int count = 0;
        foreach (var shard in Split([.. all.Except(adapter)]))
        {
            string name = $"diffusion_pytorch_model-{++count:00000}.safetensors";
            Write(Path.Combine(folder, name), shard);
            foreach (var outline in shard) map[outline.Name] = name;
        }
        File.WriteAllText(
            Path.Combine(folder, "diffusion_pytorch_model.safetensors.index.json"),
            JsonSerializer.Serialize(new { metadata = new { }, weight_map = map }));
        Write(Path.Combine(folder, "infinitetalk.safetensors"), adapter);
        Write(
            Path.Combine(folder, "lora.safetensors"),
            [
                .. all.Except(adapter).Where(o => o.Shape.Length == 2 && o.Name.StartsWith("blocks.", StringComparison.Ordinal))
                    .SelectMany(Lora)
            ]);
        Console.WriteLine(
            $"{blocks} blocks, {count} shards, {Directory.EnumerateFiles(folder).Sum(f => new FileInfo(f).Length):N0} bytes in {folder}");
    }

    private static bool IsAudio(TensorOutline outline) =>
        outline.Name.StartsWith("audio_proj.", StringComparison.Ordinal)
            || outline.Name.Contains(".audio_cross_attn.", StringComparison.Ordinal)
            || outline.Name.Contains(".norm_x.", StringComparison.Ordinal);

    private static IEnumerable<TensorOutline> Lora(TensorOutline weight)
    {
        string layer = "diffusion_model." + weight.Name[..^".weight".Length];
        return [
            new(layer + ".lora_down.weight", ElementType.BFloat16, [Rank, weight.Shape[1]]),
            new(layer + ".lora_up.weight", ElementType.BFloat16, [weight.Shape[0], Rank])
        ];
    }

    private static IEnumerable<TensorOutline[]> Split(TensorOutline[] outlines)
    {
        var shard = new List<TensorOutline>();
        long bytes = 0;
        foreach (var outline in outlines)
        {
            if (bytes > ShardBytes)
            {
                yield return [.. shard];
                shard.Clear();
                bytes = 0;
            }
            shard.Add(outline);
            bytes += Bytes(outline);
        }
        yield return [.. shard];
    }

    private static void Write(string path, TensorOutline[] outlines)
    {
        using var writer = new SafetensorsWriter(path, outlines);
        foreach (var outline in outlines)
        {
            byte[] values = Values(outline.Type);
            for (long left = Bytes(outline); left > 0; left -= values.Length)
                writer.Append(outline.Name, values.AsSpan(0, (int)Math.Min(left, values.Length)));
        }
        writer.Complete();
    }

    /// <summary>Returns the bytes of a million small random numbers.</summary>
    private static byte[] Values(ElementType type)
    {
        float[] single = new float[1 << 20];
        for (int i = 0; i < single.Length; i++) single[i] = (Random.Shared.NextSingle() - 0.5f) * 0.1f;
        return type == ElementType.Float32
            ? MemoryMarshal.AsBytes<float>(single).ToArray()
            : MemoryMarshal.AsBytes<ushort>(single.Select(v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)).ToArray()).ToArray();
    }

    private static long Bytes(TensorOutline outline) => outline.Shape.Aggregate((long)outline.Type.Size(), (product, n) => product * n);
}
