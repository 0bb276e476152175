using static TorchSharp.torch;

namespace Locutor.Kernels.Quantisation;

/// <summary>A tensor with one byte for each value and one scale for each row of the last axis: value = byte * scale.</summary>
/// <param name="Values">[..., width], float8 e4m3 or int8.</param>
/// <param name="Scales">[...], float32: the largest magnitude of the row, divided by 448 or 127.</param>
public sealed record QuantisedRows(Tensor Values, Tensor Scales) : IDisposable
{
    public void Dispose()
    {
        Values.Dispose();
        Scales.Dispose();
    }
}

/// <summary>Quantises rows to bytes and back with libtorch. The kernels round in the same places.</summary>
public static class RowQuantiser
{
    /// <summary>float8 e4m3; TorchSharp has no name for this type.</summary>
    public const ScalarType Float8 = (ScalarType)24;

    /// <summary>Smallest magnitude of a row; smaller rows become zero.</summary>
    private const double Least = 1e-12;

    /// <summary>Returns the largest magnitude of a byte.</summary>
    public static double Limit(LinearPrecision precision) => precision == LinearPrecision.Float8 ? 448 : 127;

    /// <summary>Returns the type of a byte.</summary>
    public static ScalarType Type(LinearPrecision precision) => precision switch
    {
        LinearPrecision.Float8 => Float8,
        LinearPrecision.Int8 => ScalarType.Int8,
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, "expected Float8 or Int8"),
    };

    /// <summary>Quantises each row.</summary>
    /// <param name="x">[..., width], any floating-point type; the arithmetic is float32.</param>
    /// <param name="precision">Float8 or Int8.</param>
    public static QuantisedRows Quantise(Tensor x, LinearPrecision precision)
    {
        using var scope = NewDisposeScope();
        double limit = Limit(precision);
        var (scaled, scales) = Scale(x.to(ScalarType.Float32), limit, [-1]);
        var values = precision == LinearPrecision.Float8
            ? scaled.clamp(-limit, limit).to(Float8)
            : scaled.round().clamp(-limit, limit).to(ScalarType.Int8);
        return new QuantisedRows(values.MoveToOuterDisposeScope(), scales.squeeze(-1).MoveToOuterDisposeScope());
    }

    /// <summary>Scales a tensor so that the largest magnitude over some axes becomes the largest magnitude of a byte.</summary>
    /// <param name="x">float32</param>
    /// <param name="limit">The largest magnitude of a byte.</param>
    /// <param name="axes">Axes that share a scale.</param>
    /// <returns>The scaled values, not rounded, and the scales with the axes kept: x = scaled * scale.</returns>
    internal static (Tensor Scaled, Tensor Scales) Scale(Tensor x, double limit, long[] axes)
    {
        var largest = x.abs().amax(axes, keepdim: true).clamp_min(Least);
        return (x * (largest.reciprocal() * limit), largest / limit);
    }

    /// <summary>Dequantises each row.</summary>
    /// <param name="rows">Bytes and scales.</param>
    /// <param name="type">Type of the result. It needs 8 bits of mantissa or more, so that a byte is exact; the product with the scale is
    /// rounded.</param>
    /// <returns>[..., width]</returns>
    public static Tensor Restore(QuantisedRows rows, ScalarType type = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        return rows.Values.to(type).mul_(rows.Scales.unsqueeze(-1)).MoveToOuterDisposeScope();
    }
}
