namespace Locutor.Kernels.Quantisation;

/// <summary>Number format of the weights and activations of a matrix product.</summary>
public enum LinearPrecision
{
    /// <summary>The type in which the network computes.</summary>
    Plain = 0,

    /// <summary>float8 e4m3 with one scale for every row of the weights and for every token.</summary>
    Float8 = 1,

    /// <summary>Symmetric int8 with one scale for every row of the weights and for every token.</summary>
    Int8 = 2,
}
