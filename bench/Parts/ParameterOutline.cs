using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>A parameter that a network requests.</summary>
/// <param name="Key">Name of the parameter.</param>
/// <param name="Initial">Values of a parameter that is not stored.</param>
/// <param name="Type">Requested dtype; null for a matrix that is kept in 8 bits with a scale for each row.</param>
internal sealed record RequestedParameter(string Key, long[] Shape, Initial Initial, ScalarType? Type);

/// <summary>Records the parameters that a network requests, with the dtypes of a prepared file.</summary>
internal sealed class ParameterOutline(LinearPrecision linears) : IParameterSource, IDisposable
{
    /// <summary>Suffix of the scales of an 8-bit matrix in prepared files.</summary>
    public const string ScaleSuffix = "_scale";

    private readonly List<Tensor> made = [];
    private readonly HashSet<string> keys = new(StringComparer.Ordinal);

    public List<RequestedParameter> Requests { get; } = [];

    public List<TensorOutline> Tensors { get; } = [];

    public bool Contains(string key) => keys.Contains(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        if (keys.Add(key))
        {
            Requests.Add(new RequestedParameter(key, shape, initial, type));
            Tensors.Add(new TensorOutline(
                key,
                type switch
                {
                    ScalarType.BFloat16 => ElementType.BFloat16,
                    ScalarType.Float16 => ElementType.Float16,
                    _ => ElementType.Float32,
                },
                shape));
        }
        return Made(shape, type);
    }

    public QuantisedRows LoadQuantised(string key, long[] shape, LinearPrecision precision, Device device)
    {
        if (keys.Add(key))
        {
            Requests.Add(new RequestedParameter(key, shape, Initial.Normal, null));
            Tensors.Add(new TensorOutline(key, linears == LinearPrecision.Float8 ? ElementType.Float8E4M3 : ElementType.Int8, shape));
            Tensors.Add(new TensorOutline(key + ScaleSuffix, ElementType.Float32, [shape[0]]));
        }
        return new QuantisedRows(Made(shape, RowQuantiser.Type(precision)), Made([shape[0]], ScalarType.Float32));
    }

    public void Dispose()
    {
        foreach (var tensor in made) tensor.Dispose();
    }

    private Tensor Made(long[] shape, ScalarType type)
    {
        made.Add(empty(shape, type, META).DetachFromDisposeScope());
        return made[^1];
    }
}
