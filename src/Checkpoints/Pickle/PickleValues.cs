namespace Locutor.Checkpoints.Pickle;

/// <summary>A name on the allow-list that a pickle refers to, such as a storage class or <c>torch.float8_e4m3fn</c>.</summary>
internal sealed record PickleGlobal(string Name);

/// <summary>A Python dictionary in insertion order.</summary>
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

/// <summary>A run of elements that tensors look into; where it lies in the file is found after the pickle was read.</summary>
/// <param name="Type">Null for an untyped storage, whose <paramref name="Count"/> is in bytes.</param>
internal sealed record TorchStorage(ElementType? Type, string Key, long Count);

/// <summary>A view into a storage; offset and strides in elements.</summary>
internal sealed record TorchTensor(TorchStorage Storage, ElementType Type, long Offset, long[] Shape, long[] Strides);
