using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels.Quantisation;

/// <summary>Input of matrix products, plain or quantised. Several products can share it.</summary>
/// <param name="Values">[..., width]</param>
/// <param name="Scales">[...], float32; null for plain values.</param>
public sealed record Activations(Tensor Values, Tensor? Scales) : ITensorGroup
{
    public IEnumerable<Tensor> Tensors => Scales is null ? [Values] : [Values, Scales];

    /// <summary>Precision of the values.</summary>
    public LinearPrecision Precision =>
        Scales is null ? LinearPrecision.Plain : Values.dtype == ScalarType.Int8 ? LinearPrecision.Int8 : LinearPrecision.Float8;

    /// <summary>Quantises a tensor with libtorch. With plain precision, keeps the tensor itself.</summary>
    internal static Activations CreatePlain(Tensor x, LinearPrecision precision)
    {
        if (precision == LinearPrecision.Plain) return new(x, null);
        var rows = RowQuantiser.Quantise(x, precision);
        return new(rows.Values, rows.Scales);
    }
}
