namespace Locutor.Checkpoints;

/// <summary>Precision in which a network's weights are stored.</summary>
public enum WeightPrecision
{
    Float32,
    BFloat16,
    Float16,

    /// <summary>Matrices are float8 e4m3 with a scale for each output row; all other tensors are bfloat16.</summary>
    Float8,

    /// <summary>Matrices are int8 with a scale for each output row; all other tensors are bfloat16.</summary>
    Int8,
}

/// <summary>Names and element types of weight precisions.</summary>
public static class WeightPrecisions
{
    private static readonly (WeightPrecision Precision, string Name, string[] Others)[] Known =
    [
        (WeightPrecision.Float32, "float32", ["fp32"]), (WeightPrecision.BFloat16, "bfloat16", ["bf16"]),
        (WeightPrecision.Float16, "float16", ["fp16"]),
        (WeightPrecision.Float8, "float8", ["fp8", "e4m3"]), (WeightPrecision.Int8, "int8", []),
    ];

    /// <summary>All names, separated by commas, for error messages.</summary>
    public static string All { get; } = string.Join(", ", Known.Select(known => known.Name));

    public static string Name(this WeightPrecision precision) => Array.Find(Known, known => known.Precision == precision).Name;

    /// <summary>Returns the precision of a name, such as <c>bfloat16</c> or <c>bf16</c>.</summary>
    /// <returns>Null for an unknown name.</returns>
    public static WeightPrecision? Parse(string name) =>
        Known.Where(known => known.Name == name || known.Others.Contains(name)).Select(known => (WeightPrecision?)known.Precision)
            .FirstOrDefault();

    /// <summary>Element type of the tensors that are not quantised.</summary>
    public static ElementType PlainType(this WeightPrecision precision) => precision switch
    {
        WeightPrecision.Float32 => ElementType.Float32,
        WeightPrecision.Float16 => ElementType.Float16,
        _ => ElementType.BFloat16,
    };

    /// <summary>Element type of the quantised matrices; null for a precision without quantisation.</summary>
    public static ElementType? EightBits(this WeightPrecision precision) => precision switch
    {
        WeightPrecision.Float8 => ElementType.Float8E4M3,
        WeightPrecision.Int8 => ElementType.Int8,
        _ => null,
    };
}
