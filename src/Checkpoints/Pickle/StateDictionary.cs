namespace Locutor.Checkpoints.Pickle;

/// <summary>
/// Finds the dictionary of tensors in a pickle's value: the value itself or a nested one, as in <c>{'state_dict': {...}, 'epoch': 3}</c>.
/// </summary>
internal static class StateDictionary
{
    private const int Deepest = 4;
    private static readonly string[] Preferred = ["state_dict", "model", "module", "model_state", "model_state_dict", "params"];

    public static IEnumerable<(string Name, TorchTensor Tensor)> Choose(string path, object? root)
    {
        if (root is not PickleDictionary dictionary)
        {
            throw new CheckpointException(
                $"{path}: expected a dictionary of tensors, found " +
                $"{(root is TorchTensor ? "a single tensor" : root?.GetType().Name ?? "None")}");
        }

        var candidates = new List<(string Path, PickleDictionary Dictionary)>();
        Collect(dictionary, "", 0, candidates);
        if (candidates.Count == 0)
        {
            return dictionary.Items.Count == 0
                ? []
                : throw new CheckpointException(
                    $"{path}: expected a dictionary of tensors, found {dictionary.Items.Count} entries and no tensor");
        }

        var chosen = candidates.Find(c => c.Path.Length == 0).Dictionary ?? ChooseByName(path, candidates);
        return chosen.Items.Where(i => i.Value is TorchTensor).Select(i => (
            i.Key as string ?? throw new CheckpointException($"{path}: expected text as a tensor's key, found {i.Key}"),
            (TorchTensor)i.Value!));
    }

    /// <summary>Returns the storage, by key, of every tensor in the value, however deeply nested.</summary>
    public static Dictionary<string, TorchStorage> Storages(object? root)
    {
        var found = new Dictionary<string, TorchStorage>(StringComparer.Ordinal);
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var open = new Stack<object?>([root]);
        while (open.TryPop(out object? value))
        {
            if (value is TorchTensor tensor) found[tensor.Storage.Key] = tensor.Storage;
            if (value is not (PickleDictionary or List<object?> or object?[]) || !seen.Add(value)) continue;
            if (value is PickleDictionary dictionary) foreach (var item in dictionary.Items) open.Push(item.Value);
            if (value is IEnumerable<object?> items) foreach (object? item in items) open.Push(item);
        }
        return found;
    }

    private static PickleDictionary ChooseByName(string path, List<(string Path, PickleDictionary Dictionary)> candidates)
    {
        foreach (string name in Preferred)
            if (candidates.Find(c => c.Path == name).Dictionary is { } known) return known;
        if (candidates.Count == 1) return candidates[0].Dictionary;
        throw new CheckpointException(
            $"{path}: expected one dictionary of tensors, found {string.Join(", ", candidates.Take(8).Select(c => c.Path))}");
    }

    private static void Collect(PickleDictionary dictionary, string path, int depth, List<(string, PickleDictionary)> candidates)
    {
        if (dictionary.Items.Any(i => i.Value is TorchTensor))
        {
            candidates.Add((path, dictionary));
            return;
        }
        if (depth == Deepest || candidates.Count > 64) return;
        foreach (var item in dictionary.Items)
        {
            if (item.Value is PickleDictionary inner)
                Collect(inner, path.Length == 0 ? $"{item.Key}" : $"{path}.{item.Key}", depth + 1, candidates);
        }
    }
}
