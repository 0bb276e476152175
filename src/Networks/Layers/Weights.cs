using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// A place in a tree of named parameters: <c>weights["blocks"][3]["ffn"]</c> names the keys below <c>blocks.3.ffn.</c>. Every layer
/// receives its place and names each of its keys once, at the member that holds the parameter.
/// </summary>
/// <param name="source">Loads the parameters.</param>
/// <param name="type">Type in which the network computes.</param>
/// <param name="device">Device of the parameters.</param>
/// <param name="prefix">Beginning of every key below this place.</param>
/// <param name="linears">How the matrices of <see cref="Linear"/> layers are held.</param>
/// <param name="stored">Keeps plain matrices in their stored type where that is narrower; they are converted for every product.</param>
public sealed class Weights(
    IParameterSource source, ScalarType type, Device device, string prefix = "", LinearPrecision linears = LinearPrecision.Plain,
    bool stored = false)
{
    /// <summary>Type in which the network computes. Parameters are loaded in this type unless the caller asks for another.</summary>
    public ScalarType Type { get; } = type;

    /// <summary>Device of the parameters.</summary>
    public Device Device { get; } = device;

    /// <summary>How the matrices of <see cref="Linear"/> layers are held.</summary>
    public LinearPrecision Linears { get; } = linears;

    /// <summary>Returns the place with that name below this one.</summary>
    public Weights this[string name] => new(source, Type, Device, prefix + name + ".", Linears, stored);

    /// <summary>Returns the place with that number below this one.</summary>
    public Weights this[int index] => new(source, Type, Device, prefix + index + ".", Linears, stored);

    /// <summary>Returns this place for a part of the network that computes in another type.</summary>
    public Weights As(ScalarType other) => new(source, other, Device, prefix, Linears, stored);

    /// <summary>Returns this place for a part of the network whose matrices are held in another precision.</summary>
    public Weights With(LinearPrecision precision) => new(source, Type, Device, prefix, precision, stored);

    /// <summary>Returns this place with parameters on another device.</summary>
    public Weights On(Device other) => new(source, Type, other, prefix, Linears, stored);

    /// <summary>Returns this place with parameters from another source, which may wrap the present one.</summary>
    public Weights From(Func<IParameterSource, IParameterSource> other) => new(other(source), Type, Device, prefix, Linears, stored);

    /// <summary>
    /// Returns this place for a part of the network that is rarely used: its matrices stay in the mapped file where they can, and take no
    /// memory.
    /// </summary>
    public Weights AsStored() => new(source, Type, Device, prefix, Linears, stored: true);

    /// <summary>Frees the parameters below this place. They can be loaded again.</summary>
    public void Forget() => source.Forget(prefix);

    /// <summary>Returns whether the source has a parameter of that name below this place.</summary>
    public bool Contains(string name) => source.Contains(prefix + name);

    /// <summary>Loads a parameter.</summary>
    /// <param name="name">Name below this place.</param>
    /// <param name="shape">Expected shape.</param>
    /// <param name="initial">Values of a parameter that is neither stored nor trained.</param>
    /// <param name="type">Type of the result; null: <see cref="Type"/>.</param>
    public Tensor Load(string name, long[] shape, Initial initial = Initial.Normal, ScalarType? type = null) =>
        source.Load(prefix + name, shape, initial, type ?? Type, Device);

    /// <summary>
    /// Loads a matrix of a <see cref="Linear"/> layer, held as <see cref="Linears"/> asks. The device decides how it is multiplied.
    /// </summary>
    /// <param name="name">Name below this place.</param>
    /// <param name="shape">[outputs, inputs]</param>
    public ILinearProduct Product(string name, long[] shape) => Linears == LinearPrecision.Plain
        ? new PlainProduct(LoadMatrix(name, shape))
        : QuantisedProduct.Create(source.LoadQuantised(prefix + name, shape, Linears, Device), Linears);

    /// <summary>Loads a matrix in the type of the network, or in its stored type.</summary>
    /// <param name="name">Name below this place.</param>
    /// <param name="shape">[rows, columns]</param>
    public Tensor LoadMatrix(string name, long[] shape) =>
        stored ? source.LoadStored(prefix + name, shape, Type, Device) : Load(name, shape);
}
