using Locutor.Checkpoints;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Records which parameters a network loads, and returns tensors of the meta device, which have shapes and no values. The shapes of an
/// architecture of any size can be read without its memory.
/// </summary>
public sealed class ShapeParameters : IParameterSource, IDisposable
{
    private readonly Dictionary<string, long[]> shapes = new(StringComparer.Ordinal);
    private readonly List<Tensor> tensors = [];

    /// <summary>Shapes of the parameters that were loaded, by key.</summary>
    public IReadOnlyDictionary<string, long[]> Shapes => shapes;

    public bool Contains(string key) => shapes.ContainsKey(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        if (shapes.TryGetValue(key, out long[]? known) && !known.AsSpan().SequenceEqual(shape))
            throw new CheckpointException($"{key} was requested as [{string.Join(", ", known)}] and as [{string.Join(", ", shape)}]");
        shapes[key] = shape;
        var tensor = empty(shape, type, META).DetachFromDisposeScope();
        tensors.Add(tensor);
        return tensor;
    }

    public void Dispose()
    {
        foreach (var tensor in tensors) tensor.Dispose();
        tensors.Clear();
    }
}
