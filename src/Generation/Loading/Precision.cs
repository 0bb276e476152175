using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>Precision in which a video is computed.</summary>
public enum Precision
{
    /// <summary>The dtype that suits the device best; matrices as stored.</summary>
    Auto,
    Float32,

    /// <summary>bfloat16; float16 on a GPU without bfloat16.</summary>
    BFloat16,

    /// <summary>
    /// bfloat16 with float8 matrices in the transformer's blocks. Where the device multiplies float8, their activations are float8 too.
    /// </summary>
    Float8,

    /// <summary>
    /// bfloat16 with int8 matrices in the transformer's blocks. Where the device multiplies int8, their activations are int8 too.
    /// </summary>
    Int8,
}

/// <summary>Maps precisions to dtypes.</summary>
public static class PrecisionExtensions
{
    /// <summary>Returns the dtype in which the transformer and the autoencoder compute.</summary>
    public static ScalarType Arithmetic(this Precision precision, Device device) => precision switch
    {
        Precision.Float32 => ScalarType.Float32,
        Precision.BFloat16 => Loading.Arithmetic.Trusted(ScalarType.BFloat16, device),
        _ => Loading.Arithmetic.For(device),
    };

    /// <summary>Returns the precision of the matrices in the transformer's blocks; null for as stored.</summary>
    public static LinearPrecision? Linears(this Precision precision) => precision switch
    {
        Precision.Auto => null,
        Precision.Float8 => LinearPrecision.Float8,
        Precision.Int8 => LinearPrecision.Int8,
        _ => LinearPrecision.Plain,
    };
}
