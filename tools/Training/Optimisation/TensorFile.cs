using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Training.Optimisation;

/// <summary>Writes and reads named tensors in safetensors files.</summary>
public static class TensorFile
{
    private const int Piece = 1 << 24;

    /// <summary>Writes tensors with their own dtypes. They may be on any device.</summary>
    public static void Save(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var all = tensors.ToArray();
        using var writer = new SafetensorsWriter(
            path, all.Select(t => new TensorOutline(t.Key, TypeOf(t.Value.dtype), t.Value.shape)), metadata);
        foreach (var (name, tensor) in all)
        {
            using var scope = NewDisposeScope();
            var flat = tensor.detach().contiguous().flatten();
            long size = TypeOf(tensor.dtype).Size(), count = flat.numel();
            for (long start = 0; start < count; start += Piece)
            {
                using var part = flat.narrow(0, start, Math.Min(Piece, count - start)).cpu().contiguous();
                writer.Append(name, Bytes(part, (int)(part.numel() * size)));
            }
        }
        writer.Complete();
    }

    /// <summary>Fills tensors from the entries with their names and converts dtype and device.</summary>
    /// <returns>The free text of the file.</returns>
    /// <exception cref="CheckpointException">An entry is missing or has another shape.</exception>
    public static IReadOnlyDictionary<string, string> Fill(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        using var file = SafetensorsFile.Open(path);
        using var off = no_grad();
        foreach (var (name, tensor) in tensors)
        {
            using var scope = NewDisposeScope();
            if (!file.TryGet(name, out var stored)) throw new CheckpointException($"{path}: no tensor {name}");
            if (!stored.Shape.AsSpan().SequenceEqual(tensor.shape))
            {
                throw new CheckpointException(
                    $"{path}: {name} is [{string.Join(", ", stored.Shape)}], expected [{string.Join(", ", tensor.shape)}]");
            }
            tensor.copy_(stored.ToTensor());
        }
        return new Dictionary<string, string>(file.Metadata);
    }

    private static unsafe ReadOnlySpan<byte> Bytes(Tensor tensor, int length)
    {
        fixed (byte* first = tensor.bytes) return new ReadOnlySpan<byte>(first, length);
    }

    private static ElementType TypeOf(ScalarType type) => type switch
    {
        ScalarType.Byte => ElementType.UInt8,
        ScalarType.Int8 => ElementType.Int8,
        ScalarType.Int32 => ElementType.Int32,
        ScalarType.Int64 => ElementType.Int64,
        ScalarType.BFloat16 => ElementType.BFloat16,
        ScalarType.Float32 => ElementType.Float32,
        _ => throw new ArgumentException($"expected uint8, int8, int32, int64, bfloat16 or float32, found {type}", nameof(type)),
    };
}
