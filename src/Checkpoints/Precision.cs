namespace Locutor.Checkpoints;

/// <summary>How a network's weights are held.</summary>
public enum Precision
{
    Float32,
    BFloat16,
    Float16,

    /// <summary>Matrices as float8 e4m3 with a scale for each output row, the rest in bfloat16.</summary>
    Float8,

    /// <summary>Matrices as int8 with a scale for each output row, the rest in bfloat16.</summary>
    Int8,
}

public static class PrecisionNames
{
    private static readonly (Precision Precision, string Name, string[] Others)[] Known =
    [
        (Precision.Float32, "float32", ["fp32"]), (Precision.BFloat16, "bfloat16", ["bf16"]), (Precision.Float16, "float16", ["fp16"]),
        (Precision.Float8, "float8", ["fp8", "e4m3"]), (Precision.Int8, "int8", []),
    ];

    /// <summary>The names, for messages.</summary>
    public static string All { get; } = string.Join(", ", Known.Select(known => known.Name));

    public static string Name(this Precision precision) => Array.Find(Known, known => known.Precision == precision).Name;

    /// <returns>Null for a name that is not known.</returns>
    public static Precision? Parse(string name) => Known.Where(known => known.Name == name || known.Others.Contains(name)).Select(known => (Precision?)known.Precision).FirstOrDefault();

    /// <summary>The type of what is not quantised.</summary>
    public static ElementType PlainType(this Precision precision) => precision switch
    {
        Precision.Float32 => ElementType.Float32,
        Precision.Float16 => ElementType.Float16,
        _ => ElementType.BFloat16,
    };

    /// <summary>The type of a quantised matrix; null where nothing is quantised.</summary>
    public static ElementType? EightBits(this Precision precision) => precision switch
    {
        Precision.Float8 => ElementType.Float8E4M3,
        Precision.Int8 => ElementType.Int8,
        _ => null,
    };
}
