namespace Locutor.Checkpoints.Quantised;

/// <summary>
/// Maps the type numbers of GGUF to element types: https://github.com/ggml-org/ggml/blob/master/include/ggml.h, <c>ggml_type</c>.
/// </summary>
internal static class GgufTypes
{
    private const string Advice = "fetch the Q4_K, Q5_K, Q6_K or Q8_0 file of the same model";

    private static readonly Dictionary<uint, (string Name, ElementType? Type)> Known = new()
    {
        [0] = ("F32", ElementType.Float32),
        [1] = ("F16", ElementType.Float16),
        [2] = ("Q4_0", ElementType.Q40),
        [3] = ("Q4_1", ElementType.Q41),
        [4] = ("Q4_2", null),
        [5] = ("Q4_3", null),
        [6] = ("Q5_0", ElementType.Q50),
        [7] = ("Q5_1", ElementType.Q51),
        [8] = ("Q8_0", ElementType.Q8),
        [9] = ("Q8_1", null),
        [10] = ("Q2_K", ElementType.Q2K),
        [11] = ("Q3_K", ElementType.Q3K),
        [12] = ("Q4_K", ElementType.Q4K),
        [13] = ("Q5_K", ElementType.Q5K),
        [14] = ("Q6_K", ElementType.Q6K),
        [15] = ("Q8_K", null),
        [16] = ("IQ2_XXS", null),
        [17] = ("IQ2_XS", null),
        [18] = ("IQ3_XXS", null),
        [19] = ("IQ1_S", null),
        [20] = ("IQ4_NL", ElementType.Iq4Nl),
        [21] = ("IQ3_S", null),
        [22] = ("IQ2_S", null),
        [23] = ("IQ4_XS", ElementType.Iq4Xs),
        [24] = ("I8", ElementType.Int8),
        [25] = ("I16", ElementType.Int16),
        [26] = ("I32", ElementType.Int32),
        [27] = ("I64", ElementType.Int64),
        [28] = ("F64", ElementType.Float64),
        [29] = ("IQ1_M", null),
        [30] = ("BF16", ElementType.BFloat16),
        [31] = ("Q4_0_4_4", null),
        [32] = ("Q4_0_4_8", null),
        [33] = ("Q4_0_8_8", null),
        [34] = ("TQ1_0", null),
        [35] = ("TQ2_0", null),
        [36] = ("IQ4_NL_4_4", null),
        [37] = ("IQ4_NL_4_8", null),
        [38] = ("IQ4_NL_8_8", null),
        [39] = ("MXFP4", ElementType.Mxfp4),
        [40] = ("NVFP4", null),
    };

    /// <summary>Names of the supported types, for error messages.</summary>
    public static string Readable { get; } = string.Join(", ", Known.Values.Where(type => type.Type is not null).Select(type => type.Name));

    /// <summary>Returns the element type of a GGUF type number.</summary>
    /// <returns>Null for an unsupported type.</returns>
    public static ElementType? Parse(uint number) => Known.TryGetValue(number, out var known) ? known.Type : null;

    public static string Name(uint number) => Known.TryGetValue(number, out var known) ? known.Name : $"number {number}";

    /// <summary>Returns the error text for an unsupported type; the caller puts the tensor's name in front of it.</summary>
    public static string Refusal(uint number) => $"expected one of {Readable}, found type {Name(number)}, which is not read: {Advice}";
}
