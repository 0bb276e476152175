using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>Values of a parameter before it is trained.</summary>
public enum Initial
{
    /// <summary>Normal distribution with standard deviation 1 / sqrt(inputs of one output).</summary>
    Normal,

    /// <summary>Zeros.</summary>
    Zeros,

    /// <summary>Ones.</summary>
    Ones,
}

/// <summary>Loads named parameters: from a checkpoint, from a random generator, or as shapes without values.</summary>
public interface IParameterSource
{
    /// <summary>Returns whether the source has a parameter with that key.</summary>
    bool Contains(string key);

    /// <summary>Loads a parameter. The source owns the tensor.</summary>
    /// <param name="key">Full key.</param>
    /// <param name="shape">Expected shape.</param>
    /// <param name="initial">Values of a parameter that is neither stored nor trained.</param>
    /// <param name="type">Type of the tensor.</param>
    /// <param name="device">Device of the tensor.</param>
    /// <exception cref="Checkpoints.CheckpointException">The key is missing, or the shape differs.</exception>
    Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device);

    /// <summary>Loads a matrix as bytes with a scale for every row. No dequantised copy is kept.</summary>
    /// <param name="key">Full key.</param>
    /// <param name="shape">[rows, columns]</param>
    /// <param name="precision">Float8 or Int8.</param>
    /// <param name="device">Device of the tensors.</param>
    /// <exception cref="Checkpoints.CheckpointException">The key is missing, or the shape differs.</exception>
    QuantisedRows LoadQuantised(string key, long[] shape, LinearPrecision precision, Device device)
    {
        using var inference = no_grad();
        var rows = RowQuantiser.Quantise(Load(key, shape, Initial.Normal, ScalarType.Float32, device), precision);
        return new QuantisedRows(rows.Values.DetachFromDisposeScope(), rows.Scales.DetachFromDisposeScope());
    }

    /// <summary>Loads a parameter in its stored type where that is narrower and needs no copy, else as <see cref="Load"/> does.</summary>
    /// <param name="key">Full key.</param>
    /// <param name="shape">Expected shape.</param>
    /// <param name="type">Type in which the network computes.</param>
    /// <param name="device">Device of the tensor.</param>
    Tensor LoadStored(string key, long[] shape, ScalarType type, Device device) => Load(key, shape, Initial.Normal, type, device);

    /// <summary>Frees the parameters whose keys begin with the prefix. They can be loaded again.</summary>
    void Forget(string prefix) { }
}
