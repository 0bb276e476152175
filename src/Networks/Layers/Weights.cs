using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>What a parameter holds before anything was trained or loaded.</summary>
public enum Initial
{
    /// <summary>Normal with standard deviation 1 / sqrt(inputs of one output).</summary>
    Normal,
    Zeros,
    Ones,
}

/// <summary>Where named parameters come from: a checkpoint, fresh random numbers, or nothing but shapes.</summary>
public interface IParameterSource
{
    bool Contains(string key);

    /// <summary>The parameter of that key; the source owns the tensor.</summary>
    /// <exception cref="Checkpoints.CheckpointException">No such key, or another shape.</exception>
    Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device);
}

/// <summary>
/// A place in a tree of parameters: <c>weights["blocks"][3]["ffn"]</c> names keys below <c>blocks.3.ffn.</c>.
/// A network takes one, and names each of its keys once beside the member that holds it.
/// </summary>
public sealed class Weights(IParameterSource source, ScalarType type, Device device, string prefix = "")
{
    /// <summary>Type of the network's arithmetic; parameters are loaded as this unless the caller asks otherwise.</summary>
    public ScalarType Type { get; } = type;

    public Device Device { get; } = device;

    public Weights this[string name] => new(source, Type, Device, prefix + name + ".");

    public Weights this[int index] => new(source, Type, Device, prefix + index + ".");

    /// <summary>The same place, for a part that computes in another type.</summary>
    public Weights As(ScalarType other) => new(source, other, Device, prefix);

    public bool Contains(string name) => source.Contains(prefix + name);

    /// <summary>The parameter <paramref name="name"/> below this place.</summary>
    public Tensor Load(string name, long[] shape, Initial initial = Initial.Normal, ScalarType? type = null) =>
        source.Load(prefix + name, shape, initial, type ?? Type, Device);
}
