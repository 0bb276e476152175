using Locutor.Checkpoints;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>Parameters read from an open checkpoint, each converted to the asked type and device once.</summary>
public sealed class CheckpointParameters(Checkpoint checkpoint) : IParameterSource, IDisposable
{
    private readonly Dictionary<string, Tensor> loaded = new(StringComparer.Ordinal);

    public bool Contains(string key) => checkpoint.Tensors.ContainsKey(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        if (loaded.TryGetValue(key, out var known)) return known;
        if (!checkpoint.TryGet(key, out var stored)) throw new CheckpointException($"{checkpoint.Source}: no tensor {key}, expected [{string.Join(", ", shape)}]");
        if (!stored.Shape.AsSpan().SequenceEqual(shape))
            throw new CheckpointException($"{checkpoint.Source}: {key} is [{string.Join(", ", stored.Shape)}], expected [{string.Join(", ", shape)}]");
        using var raw = stored.ToTensor();
        var tensor = raw.to(type, device, copy: true).DetachFromDisposeScope();
        return loaded[key] = tensor;
    }

    public void Dispose()
    {
        foreach (var tensor in loaded.Values) tensor.Dispose();
        loaded.Clear();
    }
}
