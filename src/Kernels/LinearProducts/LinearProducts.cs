using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Kernels;

/// <summary>A matrix product y = x W^T + b, for one format of the weights.</summary>
public interface ILinearProduct
{
    /// <summary>Precision of the activations that the product expects. Plain activations are converted.</summary>
    LinearPrecision Precision { get; }

    /// <summary>Computes the product.</summary>
    /// <param name="x">[..., inputs]</param>
    /// <param name="bias">[outputs], of the type of the result; null for none.</param>
    /// <param name="result">Type of the result.</param>
    /// <returns>[..., outputs]</returns>
    Tensor Multiply(Activations x, Tensor? bias, ScalarType result);

    /// <summary>Returns the weights in another type: [outputs, inputs].</summary>
    Tensor Dequantise(ScalarType type);
}

/// <summary>Chooses the matrix product for quantised weights.</summary>
public static class QuantisedProduct
{
    /// <summary>Creates a product of bytes, or of dequantised weights on a GPU that does not multiply such bytes.</summary>
    /// <param name="weight">[outputs, inputs]; the caller owns it.</param>
    /// <param name="precision">Precision of the weights, Float8 or Int8.</param>
    public static ILinearProduct Create(QuantisedRows weight, LinearPrecision precision) =>
        (GpuPaths.ForGpu(weight.Values.device)?.ActivationPrecision(precision) ?? precision) switch
        {
            LinearPrecision.Float8 => new Float8Product(weight),
            LinearPrecision.Int8 => new Int8Product(weight),
            _ => new WidenedProduct(weight),
        };
}

/// <summary>
/// A product with weights in the type of the activations, or in a narrower type from which they are converted for every product.
/// </summary>
/// <param name="weight">[outputs, inputs]; the caller owns it.</param>
public sealed class PlainProduct(Tensor weight) : ILinearProduct
{
    public LinearPrecision Precision => LinearPrecision.Plain;

    public Tensor Multiply(Activations x, Tensor? bias, ScalarType result)
    {
        if (weight.dtype == x.Values.dtype) return linear(x.Values, weight, bias);
        using var wide = weight.to(x.Values.dtype);
        return linear(x.Values, wide, bias);
    }

    public Tensor Dequantise(ScalarType type) => weight.to(type).alias();
}

/// <summary>
/// A product of float8 e4m3 weights and activations with float32 sums. On a GPU, libtorch's scaled product computes it; elsewhere, or if a
/// side is not a multiple of 16, the bytes are multiplied exactly in float32.
/// </summary>
/// <param name="weight">[outputs, inputs]; the caller owns it.</param>
public sealed class Float8Product(QuantisedRows weight) : ILinearProduct
{
    public LinearPrecision Precision => LinearPrecision.Float8;

    public Tensor Dequantise(ScalarType type) => RowQuantiser.Restore(weight, type);

    public Tensor Multiply(Activations x, Tensor? bias, ScalarType result)
    {
        using var scope = NewDisposeScope();
        var given = ExactProduct.As(x, Precision);
        if (!ExactProduct.OnGpu(given.Values, weight.Values) || result != ScalarType.BFloat16)
            return ExactProduct.Multiply(given, weight, bias, result).MoveToOuterDisposeScope();
        var rows = given.Values.flatten(0, -2); // [tokens, inputs]
        var y = TorchScripts.ScaledProduct(rows, weight.Values.t(), given.Scales!.reshape(-1, 1), weight.Scales.reshape(1, -1), bias);
        return y.unflatten(0, given.Values.shape[..^1]).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// A product of int8 weights and activations with exact int32 sums on a GPU; elsewhere the bytes are multiplied exactly in float32.
/// </summary>
/// <param name="weight">[outputs, inputs]; the caller owns it.</param>
public sealed class Int8Product(QuantisedRows weight) : ILinearProduct
{
    /// <summary>Smallest number of rows that libtorch's int8 product accepts.</summary>
    private const long FewestTokens = 17;

    public LinearPrecision Precision => LinearPrecision.Int8;

    public Tensor Dequantise(ScalarType type) => RowQuantiser.Restore(weight, type);

    public Tensor Multiply(Activations x, Tensor? bias, ScalarType result)
    {
        using var scope = NewDisposeScope();
        var given = ExactProduct.As(x, Precision);
        long tokens = given.Scales!.numel();
        if (!ExactProduct.OnGpu(given.Values, weight.Values) || tokens < FewestTokens)
            return ExactProduct.Multiply(given, weight, bias, result).MoveToOuterDisposeScope();
        var sums = TorchScripts.Int8Product(given.Values.flatten(0, -2), weight.Values.t()); // [tokens, outputs], int32
        var y = ScaleProducts.Apply(sums, given.Scales.flatten(), weight.Scales, bias, result);
        return y.unflatten(0, given.Values.shape[..^1]).MoveToOuterDisposeScope();
    }
}

/// <summary>The quantised product computed by its definition.</summary>
internal static class ExactProduct
{
    /// <summary>Quantises plain activations; returns activations of that precision unchanged.</summary>
    public static Activations As(Activations x, LinearPrecision precision)
    {
        if (x.Precision == precision) return x;
        return x.Scales is null
            ? QuantiseRows.Apply(x.Values, precision)
            : throw new ArgumentException($"expected plain or {precision} activations, found {x.Precision}", nameof(x));
    }

    /// <summary>Returns whether libtorch's products of bytes support these shapes on this device.</summary>
    public static bool OnGpu(Tensor values, Tensor weight) =>
        values.device_type == TorchSharp.DeviceType.CUDA && weight.shape[0] % 16 == 0 && weight.shape[1] % 16 == 0 && values.numel() > 0;

    /// <summary>Multiplies the bytes in float32, where they are exact.</summary>
    public static Tensor Multiply(Activations x, QuantisedRows weight, Tensor? bias, ScalarType result)
    {
        var sums = x.Values.to(ScalarType.Float32).matmul(weight.Values.to(ScalarType.Float32).t()); // bytes are exact in float32
        return ScaleProducts.Plain(sums, x.Scales!, weight.Scales, bias, result);
    }
}
