namespace Locutor.Checkpoints;

/// <summary>Storage type (dtype) of a checkpoint tensor's elements.</summary>
public enum ElementType
{
    Bool,
    UInt8,
    Int8,
    Int16,
    Int32,
    Int64,
    Float8E4M3,
    Float8E5M2,
    Float16,
    BFloat16,
    Float32,
    Float64,

    /// <summary>GGUF's Q8_0: 32 elements in 34 bytes.</summary>
    Q8,

    /// <summary>GGUF's Q6_K: 256 elements in 210 bytes.</summary>
    Q6K,

    /// <summary>GGUF's Q5_K: 256 elements in 176 bytes.</summary>
    Q5K,

    /// <summary>GGUF's Q4_K: 256 elements in 144 bytes.</summary>
    Q4K,

    /// <summary>GGUF's Q3_K: 256 elements in 110 bytes.</summary>
    Q3K,

    /// <summary>GGUF's Q2_K: 256 elements in 84 bytes.</summary>
    Q2K,

    /// <summary>GGUF's Q4_0: 32 elements in 18 bytes.</summary>
    Q40,

    /// <summary>GGUF's Q4_1: 32 elements in 20 bytes.</summary>
    Q41,

    /// <summary>GGUF's Q5_0: 32 elements in 22 bytes.</summary>
    Q50,

    /// <summary>GGUF's Q5_1: 32 elements in 24 bytes.</summary>
    Q51,

    /// <summary>GGUF's IQ4_NL: 32 elements in 18 bytes.</summary>
    Iq4Nl,

    /// <summary>GGUF's IQ4_XS: 256 elements in 136 bytes.</summary>
    Iq4Xs,

    /// <summary>GGUF's MXFP4: 32 elements in 17 bytes.</summary>
    Mxfp4,
}

/// <summary>Sizes and names of element types.</summary>
public static class ElementTypeExtensions
{
    /// <summary>Size in bytes of one block; the block of a type outside GGUF is one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Bool or ElementType.UInt8 or ElementType.Int8 or ElementType.Float8E4M3 or ElementType.Float8E5M2 => 1,
        ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 2,
        ElementType.Int32 or ElementType.Float32 => 4,
        ElementType.Int64 or ElementType.Float64 => 8,
        ElementType.Q8 => 34,
        ElementType.Q6K => 210,
        ElementType.Q5K => 176,
        ElementType.Q4K => 144,
        ElementType.Q3K => 110,
        ElementType.Q2K => 84,
        ElementType.Q40 or ElementType.Iq4Nl => 18,
        ElementType.Q41 => 20,
        ElementType.Q50 => 22,
        ElementType.Q51 => 24,
        ElementType.Iq4Xs => 136,
        ElementType.Mxfp4 => 17,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };

    /// <summary>Number of elements in one block; 1 for types outside GGUF.</summary>
    public static int BlockElements(this ElementType type) => type switch
    {
        ElementType.Q8 or ElementType.Q40 or ElementType.Q41 or ElementType.Q50 or ElementType.Q51 or ElementType.Iq4Nl
            or ElementType.Mxfp4 =>
            32,
        ElementType.Q6K or ElementType.Q5K or ElementType.Q4K or ElementType.Q3K or ElementType.Q2K or ElementType.Iq4Xs => 256,
        _ => 1,
    };

    /// <summary>The type's name for users; GGUF types have GGUF's own spelling, such as <c>Q8_0</c>.</summary>
    public static string Label(this ElementType type) => type switch
    {
        ElementType.Q8 => "Q8_0",
        ElementType.Q6K => "Q6_K",
        ElementType.Q5K => "Q5_K",
        ElementType.Q4K => "Q4_K",
        ElementType.Q3K => "Q3_K",
        ElementType.Q2K => "Q2_K",
        ElementType.Q40 => "Q4_0",
        ElementType.Q41 => "Q4_1",
        ElementType.Q50 => "Q5_0",
        ElementType.Q51 => "Q5_1",
        ElementType.Iq4Nl => "IQ4_NL",
        ElementType.Iq4Xs => "IQ4_XS",
        ElementType.Mxfp4 => "MXFP4",
        _ => type.ToString(),
    };
}
