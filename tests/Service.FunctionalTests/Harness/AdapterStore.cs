using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>A store of models with adapters for the model 'sketch': two that fit, one for other shapes, one with a hostile name.</summary>
public sealed class AdapterStore : IDisposable
{
    private const int Width = 256;

    public AdapterStore()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, "adapters", "sketch")).FullName;
        Write(Path.Combine(folder, "film.safetensors"), Width);
        Write(Path.Combine(folder, "soft.safetensors"), Width);
        Write(Path.Combine(folder, "other-network.safetensors"), 2 * Width);
        Write(Path.Combine(folder, "a=b,c.safetensors"), Width);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("locutor-store-").FullName;

    /// <summary>The environment of a program that uses the store.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["LOCUTOR_STORE"] = Folder };

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Writes an adapter of rank 1 for the queries of the first block.</summary>
    private static void Write(string path, int width)
    {
        const string layer = "diffusion_model.blocks.0.self_attn.q";
        int bytes = 4 * width;
        byte[] header = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            [layer + ".lora_down.weight"] = new { dtype = "F32", shape = new[] { 1, width }, data_offsets = new[] { 0, bytes } },
            [layer + ".lora_up.weight"] = new { dtype = "F32", shape = new[] { width, 1 }, data_offsets = new[] { bytes, 2 * bytes } },
        });
        var random = new Random(18);
        float[] values = [.. Enumerable.Range(0, 2 * width).Select(_ => random.NextSingle() - 0.5f)];
        using var file = File.Create(path);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        file.Write(length);
        file.Write(header);
        file.Write(MemoryMarshal.AsBytes<float>(values));
    }
}
