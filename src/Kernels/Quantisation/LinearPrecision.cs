namespace Locutor.Kernels.Quantisation;

/// <summary>How a matrix product holds its weights and takes its activations.</summary>
public enum LinearPrecision
{
    /// <summary>In the type of the network's arithmetic.</summary>
    Plain = 0,

    /// <summary>float8 e4m3, one scale for every row of the weights and for every token.</summary>
    Float8 = 1,

    /// <summary>int8, symmetric, one scale for every row of the weights and for every token.</summary>
    Int8 = 2,
}
