using Locutor.Kernels.Quantisation;
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

    /// <summary>A matrix as bytes with a scale for every row; of it nothing wider stays.</summary>
    /// <param name="shape">[rows, columns]</param>
    /// <param name="precision">Float8 or Int8.</param>
    /// <exception cref="Checkpoints.CheckpointException">No such key, or another shape.</exception>
    QuantisedRows LoadQuantised(string key, long[] shape, LinearPrecision precision, Device device)
    {
        using var still = no_grad();
        var rows = RowQuantiser.Quantise(Load(key, shape, Initial.Normal, ScalarType.Float32, device), precision);
        return new QuantisedRows(rows.Values.DetachFromDisposeScope(), rows.Scales.DetachFromDisposeScope());
    }

    /// <summary>
    /// The parameter in the narrower floating-point type in which it is stored, where the device can read it there without a copy; else as
    /// <see cref="Load"/> gives it.
    /// </summary>
    Tensor LoadStored(string key, long[] shape, ScalarType type, Device device) => Load(key, shape, Initial.Normal, type, device);

    /// <summary>Disposes of the parameters below that prefix which the source holds; they can be loaded again.</summary>
    void Forget(string prefix) { }
}

/// <summary>
/// A place in a tree of parameters: <c>weights["blocks"][3]["ffn"]</c> names keys below <c>blocks.3.ffn.</c>.
/// A network takes one, and names each of its keys once beside the member that holds it.
/// </summary>
/// <param name="linears">How the matrices of <see cref="Linear"/> layers are held.</param>
/// <param name="stored">Plain matrices stay as they are stored where that is narrower, and are widened whenever they are multiplied.</param>
public sealed class Weights(IParameterSource source, ScalarType type, Device device, string prefix = "", LinearPrecision linears = LinearPrecision.Plain, bool stored = false)
{
    /// <summary>Type of the network's arithmetic; parameters are loaded as this unless the caller asks otherwise.</summary>
    public ScalarType Type { get; } = type;

    public Device Device { get; } = device;

    public LinearPrecision Linears { get; } = linears;

    public Weights this[string name] => new(source, Type, Device, prefix + name + ".", Linears, stored);

    public Weights this[int index] => new(source, Type, Device, prefix + index + ".", Linears, stored);

    /// <summary>The same place, for a part that computes in another type.</summary>
    public Weights As(ScalarType other) => new(source, other, Device, prefix, Linears, stored);

    /// <summary>The same place, for a part whose matrices are held in another way.</summary>
    public Weights With(LinearPrecision precision) => new(source, Type, Device, prefix, precision, stored);

    /// <summary>The same place on another device.</summary>
    public Weights On(Device other) => new(source, Type, other, prefix, Linears, stored);

    /// <summary>The same place with parameters from elsewhere.</summary>
    public Weights From(Func<IParameterSource, IParameterSource> other) => new(other(source), Type, Device, prefix, Linears, stored);

    /// <summary>The same place, for a part that is used so seldom that its matrices need not take memory: they stay in the mapped file where they can.</summary>
    public Weights AsStored() => new(source, Type, Device, prefix, Linears, stored: true);

    /// <summary>Lets go of the parameters below this place.</summary>
    public void Forget() => source.Forget(prefix);

    public bool Contains(string name) => source.Contains(prefix + name);

    /// <summary>The parameter <paramref name="name"/> below this place.</summary>
    public Tensor Load(string name, long[] shape, Initial initial = Initial.Normal, ScalarType? type = null) =>
        source.Load(prefix + name, shape, initial, type ?? Type, Device);

    /// <summary>The matrix <paramref name="name"/> below this place, held as <see cref="Linears"/> says; how it is multiplied depends on what the device can do.</summary>
    /// <param name="shape">[outputs, inputs]</param>
    public ILinearProduct Product(string name, long[] shape) => Linears == LinearPrecision.Plain
        ? new PlainProduct(LoadMatrix(name, shape))
        : QuantisedProduct.Create(source.LoadQuantised(prefix + name, shape, Linears, Device), Linears);

    /// <summary>A matrix in the type of the arithmetic, or as it is stored.</summary>
    /// <param name="shape">[rows, columns]</param>
    public Tensor LoadMatrix(string name, long[] shape) => stored ? source.LoadStored(prefix + name, shape, Type, Device) : Load(name, shape);
}
