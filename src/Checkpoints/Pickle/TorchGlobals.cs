namespace Locutor.Checkpoints.Pickle;

/// <summary>
/// The allow-list of globals that a pickle may name, and the value that each call makes. No Python code is run: a pickle can rebuild
/// tensors and dictionaries and nothing else.
/// </summary>
internal static class TorchGlobals
{
    private static readonly Dictionary<string, ElementType?> Storages = new(StringComparer.Ordinal)
    {
        ["torch.BoolStorage"] = ElementType.Bool,
        ["torch.ByteStorage"] = ElementType.UInt8,
        ["torch.CharStorage"] = ElementType.Int8,
        ["torch.ShortStorage"] = ElementType.Int16,
        ["torch.IntStorage"] = ElementType.Int32,
        ["torch.LongStorage"] = ElementType.Int64,
        ["torch.HalfStorage"] = ElementType.Float16,
        ["torch.BFloat16Storage"] = ElementType.BFloat16,
        ["torch.FloatStorage"] = ElementType.Float32,
        ["torch.DoubleStorage"] = ElementType.Float64,
        ["torch.UntypedStorage"] = null,
        ["torch.storage.UntypedStorage"] = null,
    };

    private static readonly Dictionary<string, ElementType> Types = new(StringComparer.Ordinal)
    {
        ["torch.bool"] = ElementType.Bool,
        ["torch.uint8"] = ElementType.UInt8,
        ["torch.int8"] = ElementType.Int8,
        ["torch.int16"] = ElementType.Int16,
        ["torch.int32"] = ElementType.Int32,
        ["torch.int64"] = ElementType.Int64,
        ["torch.float8_e4m3fn"] = ElementType.Float8E4M3,
        ["torch.float8_e5m2"] = ElementType.Float8E5M2,
        ["torch.float16"] = ElementType.Float16,
        ["torch.bfloat16"] = ElementType.BFloat16,
        ["torch.float32"] = ElementType.Float32,
        ["torch.float64"] = ElementType.Float64,
    };

    private static readonly HashSet<string> Functions = new(StringComparer.Ordinal)
    {
        "collections.OrderedDict", "torch.Size", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor_v3", "torch._utils._rebuild_parameter",
    };

    public static bool Allows(string name) => Functions.Contains(name) || Storages.ContainsKey(name) || Types.ContainsKey(name);

    /// <summary>Rebuilds the value of a call to an allowed function.</summary>
    /// <returns>Null if the arguments do not fit the function.</returns>
    public static object? Call(string function, object?[] arguments) => (function, arguments) switch
    {
        ("collections.OrderedDict", []) => new PickleDictionary(),
        ("collections.OrderedDict", [List<object?> pairs]) => Ordered(pairs),
        ("torch.Size", [object?[] lengths]) => lengths,
        ("torch._utils._rebuild_parameter", [TorchTensor tensor, ..]) => tensor,
        (
            "torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2",
            [TorchStorage { Type: { } type } storage, long offset, object?[] shape, object?[] strides, ..])
            => Tensor(storage, type, offset, shape, strides),
        (
            "torch._utils._rebuild_tensor_v3",
            [TorchStorage storage, long offset, object?[] shape, object?[] strides, _, _, PickleGlobal dtype, ..])
            => Types.TryGetValue(dtype.Name, out var type)
            ? Tensor(storage, type, offset, shape, strides)
            : null,
        _ => null,
    };

    /// <summary>Converts the persistent id <c>('storage', class, key, location, count)</c> to a storage.</summary>
    public static TorchStorage? Storage(object? id) =>
        id is object?[] and ["storage", PickleGlobal kind, string key, string, long count, ..] tuple
            && tuple is { Length: 5 } or [_, _, _, _, _, null] && count >= 0 && Storages.TryGetValue(kind.Name, out var type)
            ? new TorchStorage(type, key, count)
            : null;

    private static PickleDictionary? Ordered(List<object?> pairs)
    {
        var dictionary = new PickleDictionary();
        foreach (object? pair in pairs)
        {
            if (pair is object?[] and [string key, var value]) dictionary.Set(key, value);
            else if (pair is List<object?> and [string name, var item]) dictionary.Set(name, item);
            else return null;
        }
        return dictionary;
    }

    private static TorchTensor? Tensor(TorchStorage storage, ElementType type, long offset, object?[] shape, object?[] strides)
    {
        if (offset < 0 || shape.Length != strides.Length || shape.Length > Shapes.MostAxes) return null;
        return shape.All(n => n is >= 0L) && strides.All(n => n is >= 0L)
            ? new TorchTensor(storage, type, offset, [.. shape.Cast<long>()], [.. strides.Cast<long>()])
            : null;
    }
}
