using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>How finely a video is computed.</summary>
public enum Precision
{
    /// <summary>What the device is best at; matrices as they are stored.</summary>
    Auto,
    Float32,

    /// <summary>bfloat16; float16 on a GPU without it.</summary>
    BFloat16,

    /// <summary>As bfloat16, with the matrices of the transformer's blocks, and where the device multiplies them also their activations, in float8.</summary>
    Float8,

    /// <summary>As float8, in int8.</summary>
    Int8,
}

public static class PrecisionExtensions
{
    /// <summary>Of the transformer and the autoencoder.</summary>
    public static ScalarType Arithmetic(this Precision precision, Device device) => precision switch
    {
        Precision.Float32 => ScalarType.Float32,
        Precision.BFloat16 => Loading.Arithmetic.Trusted(ScalarType.BFloat16, device),
        _ => Loading.Arithmetic.For(device),
    };

    /// <summary>Of the transformer's blocks; null leaves it to how they are stored.</summary>
    public static LinearPrecision? Linears(this Precision precision) => precision switch
    {
        Precision.Auto => null,
        Precision.Float8 => LinearPrecision.Float8,
        Precision.Int8 => LinearPrecision.Int8,
        _ => LinearPrecision.Plain,
    };
}
