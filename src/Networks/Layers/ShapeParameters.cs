using Locutor.Checkpoints;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// No numbers at all: records which parameters a network asks for and answers with tensors of the meta device, so that an
/// architecture of any size can be looked at without its memory.
/// </summary>
public sealed class ShapeParameters : IParameterSource, IDisposable
{
    private readonly Dictionary<string, long[]> shapes = new(StringComparer.Ordinal);
    private readonly List<Tensor> tensors = [];

    /// <summary>Shape of every parameter asked for, by key.</summary>
    public IReadOnlyDictionary<string, long[]> Shapes => shapes;

    public bool Contains(string key) => shapes.ContainsKey(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        if (shapes.TryGetValue(key, out long[]? known) && !known.AsSpan().SequenceEqual(shape))
            throw new CheckpointException($"{key} was asked for as [{string.Join(", ", known)}] and as [{string.Join(", ", shape)}]");
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
