using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels.Quantisation;

/// <summary>What one or more matrix products read: as it is, or quantised once for all of them.</summary>
/// <param name="Values">[..., width]</param>
/// <param name="Scales">[...], float32, when the values are bytes.</param>
public sealed record Activations(Tensor Values, Tensor? Scales) : ITensorGroup
{
    public IEnumerable<Tensor> Tensors => Scales is null ? [Values] : [Values, Scales];

    public LinearPrecision Precision => Scales is null ? LinearPrecision.Plain : Values.dtype == ScalarType.Int8 ? LinearPrecision.Int8 : LinearPrecision.Float8;

    /// <summary>Quantises by the kernel where there is one; Plain keeps the tensor itself.</summary>
    public static Activations Create(Tensor x, LinearPrecision precision) => QuantiseRows.Apply(x, precision);

    internal static Activations Create(QuantisedRows rows) => new(rows.Values, rows.Scales);
}
