namespace Locutor.Checkpoints.Safetensors;

/// <summary>Maps element types to their names in a safetensors header.</summary>
internal static class SafetensorsTypes
{
    private static readonly (string Name, ElementType Type)[] Names =
    [
        ("BOOL", ElementType.Bool), ("U8", ElementType.UInt8), ("I8", ElementType.Int8), ("I16", ElementType.Int16),
        ("I32", ElementType.Int32),
        ("I64", ElementType.Int64), ("F8_E4M3", ElementType.Float8E4M3), ("F8_E5M2", ElementType.Float8E5M2), ("F16", ElementType.Float16),
        ("BF16", ElementType.BFloat16), ("F32", ElementType.Float32), ("F64", ElementType.Float64),
    ];

    public static string Known { get; } = string.Join(", ", Names.Select(n => n.Name));

    /// <summary>Returns the element type of a name in the header.</summary>
    /// <returns>Null for an unknown name.</returns>
    public static ElementType? Parse(string name)
    {
        foreach (var known in Names) if (known.Name == name) return known.Type;
        return null;
    }

    /// <summary>Returns the name of an element type in the header.</summary>
    /// <returns>Null for GGUF block types, which safetensors does not have.</returns>
    public static string? Name(ElementType type)
    {
        foreach (var known in Names) if (known.Type == type) return known.Name;
        return null;
    }
}
