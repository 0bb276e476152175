namespace Locutor.Checkpoints.Pickle;

/// <summary>A global of the allow-list that a pickle refers to, such as a storage class or <c>torch.float8_e4m3fn</c>.</summary>
internal sealed record PickleGlobal(string Name);

/// <summary>A Python dictionary; its items keep their insertion order.</summary>
internal sealed class PickleDictionary
{
    private readonly Dictionary<object, int> places = [];

    public List<KeyValuePair<object, object?>> Items { get; } = [];

    public void Set(object key, object? value)
    {
        if (places.TryGetValue(key, out int place))
        {
            Items[place] = new(key, value);
            return;
        }
        places.Add(key, Items.Count);
        Items.Add(new(key, value));
    }
}

/// <summary>
/// A torch storage: a flat array of elements that tensors are views of. Its position in the file is determined after the pickle is read.
/// </summary>
/// <param name="Type">Element type; null for an untyped storage.</param>
/// <param name="Key">Name of the storage in the file.</param>
/// <param name="Count">Number of elements; number of bytes for an untyped storage.</param>
internal sealed record TorchStorage(ElementType? Type, string Key, long Count);

/// <summary>A tensor as a view of a storage; offset and strides are counted in elements.</summary>
internal sealed record TorchTensor(TorchStorage Storage, ElementType Type, long Offset, long[] Shape, long[] Strides);
