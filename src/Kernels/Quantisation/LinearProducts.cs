using Locutor.Kernels.Devices;
using Locutor.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Kernels.Quantisation;

/// <summary>y = x W^T + b with weights held in one way.</summary>
public interface ILinearProduct
{
    /// <summary>How the activations should come; others are converted.</summary>
    LinearPrecision Precision { get; }

    /// <param name="x">[..., inputs]</param>
    /// <param name="bias">[outputs], of the result's type.</param>
    /// <returns>[..., outputs] of that type.</returns>
    Tensor Multiply(Activations x, Tensor? bias, ScalarType result);

    /// <summary>The weights as numbers of that type: [outputs, inputs].</summary>
    Tensor Dequantise(ScalarType type);
}

/// <summary>Picks the product for weights that are bytes.</summary>
public static class QuantisedProduct
{
    /// <summary>One that the weights' device computes: of bytes, or on a GPU that does not multiply such bytes of widened weights.</summary>
    /// <param name="weight">[outputs, inputs]; belongs to whoever made it.</param>
    /// <param name="precision">Float8 or Int8, as the weights are.</param>
    public static ILinearProduct Create(QuantisedRows weight, LinearPrecision precision) => (GpuPaths.ForGpu(weight.Values.device)?.ActivationPrecision(precision) ?? precision) switch
    {
        LinearPrecision.Float8 => new Float8Product(weight),
        LinearPrecision.Int8 => new Int8Product(weight),
        _ => new WidenedProduct(weight),
    };
}

/// <summary>Weights in the type of the arithmetic, or in a narrower one from which they are widened for every product.</summary>
/// <param name="weight">[outputs, inputs]; belongs to whoever made it, as for the two others.</param>
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
/// float8 e4m3 weights and activations, sums in float32. On a GPU by libtorch's scaled product; elsewhere, or where a side is not a
/// multiple of 16, by the same bytes widened to float32, exactly.
/// </summary>
public sealed class Float8Product(QuantisedRows weight) : ILinearProduct
{
    public LinearPrecision Precision => LinearPrecision.Float8;

    public Tensor Dequantise(ScalarType type) => RowQuantiser.Restore(weight, type);

    public Tensor Multiply(Activations x, Tensor? bias, ScalarType result)
    {
        using var scope = NewDisposeScope();
        var given = ExactProduct.As(x, Precision);
        if (!ExactProduct.OnGpu(given.Values, weight.Values) || result != ScalarType.BFloat16) return ExactProduct.Multiply(given, weight, bias, result).MoveToOuterDisposeScope();
        var rows = given.Values.flatten(0, -2); // [tokens, inputs]
        var y = TorchScripts.ScaledProduct(rows, weight.Values.t(), given.Scales!.reshape(-1, 1), weight.Scales.reshape(1, -1), bias);
        return y.unflatten(0, given.Values.shape[..^1]).MoveToOuterDisposeScope();
    }
}

/// <summary>int8 weights and activations, sums in int32, exact; elsewhere as <see cref="Float8Product"/>.</summary>
public sealed class Int8Product(QuantisedRows weight) : ILinearProduct
{
    /// <summary>The library behind the product refuses fewer rows.</summary>
    private const long FewestTokens = 17;

    public LinearPrecision Precision => LinearPrecision.Int8;

    public Tensor Dequantise(ScalarType type) => RowQuantiser.Restore(weight, type);

    public Tensor Multiply(Activations x, Tensor? bias, ScalarType result)
    {
        using var scope = NewDisposeScope();
        var given = ExactProduct.As(x, Precision);
        long tokens = given.Scales!.numel();
        if (!ExactProduct.OnGpu(given.Values, weight.Values) || tokens < FewestTokens) return ExactProduct.Multiply(given, weight, bias, result).MoveToOuterDisposeScope();
        var sums = TorchScripts.Int8Product(given.Values.flatten(0, -2), weight.Values.t()); // [tokens, outputs], int32
        var y = ScaleProducts.Apply(sums, given.Scales.flatten(), weight.Scales, bias, result);
        return y.unflatten(0, given.Values.shape[..^1]).MoveToOuterDisposeScope();
    }
}

/// <summary>The quantised product by its definition.</summary>
internal static class ExactProduct
{
    public static Activations As(Activations x, LinearPrecision precision)
    {
        if (x.Precision == precision) return x;
        return x.Scales is null ? Activations.Create(x.Values, precision) : throw new ArgumentException($"expected plain or {precision} activations, found {x.Precision}", nameof(x));
    }

    public static bool OnGpu(Tensor values, Tensor weight) =>
        values.device_type == TorchSharp.DeviceType.CUDA && weight.shape[0] % 16 == 0 && weight.shape[1] % 16 == 0 && values.numel() > 0;

    public static Tensor Multiply(Activations x, QuantisedRows weight, Tensor? bias, ScalarType result)
    {
        var sums = x.Values.to(ScalarType.Float32).matmul(weight.Values.to(ScalarType.Float32).t()); // bytes are exact in float32
        return ScaleProducts.Plain(sums, x.Scales!, weight.Scales, bias, result);
    }
}
