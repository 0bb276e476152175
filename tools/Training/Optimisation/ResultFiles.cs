using Locutor.Checkpoints;
using static TorchSharp.torch;

namespace Locutor.Training.Optimisation;

/// <summary>Stores a network as one file, or as two files where the size of a single file is limited.</summary>
public static class ResultFiles
{
    /// <summary>
    /// Returns the files of a network in a folder: <c>name.safetensors</c>, or else <c>name-1.safetensors</c> and so on; empty when there
    /// is neither.
    /// </summary>
    /// <exception cref="CheckpointException">There are both, so it is unknown which of them is the newer network.</exception>
    public static string[] Find(string folder, string name)
    {
        string whole = Path.Combine(folder, name + ".safetensors");
        string[] parts = Parts(folder, name);
        if (!File.Exists(whole)) return parts;
        return parts.Length == 0
            ? [whole]
            : throw new CheckpointException(
                $"{folder}: expected {name}.safetensors or {name}-1.safetensors, found both; delete the older one");
    }

    /// <summary>Writes tensors into <c>name.safetensors</c>, which replaces files of parts.</summary>
    public static void SaveWhole(string folder, string name, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        TensorFile.Save(Path.Combine(folder, name + ".safetensors"), tensors);
        foreach (string part in Parts(folder, name)) File.Delete(part);
    }

    /// <summary>
    /// Writes tensors into <c>name-1.safetensors</c> and <c>name-2.safetensors</c>, about half in each. They replace
    /// <c>name.safetensors</c>.
    /// </summary>
    public static void SaveHalves(string folder, string name, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        var all = tensors.OrderBy(t => t.Key, StringComparer.Ordinal).ToArray();
        long half = all.Sum(t => t.Value.numel()) / 2, sum = 0;
        var parts = all.ToLookup(t => (sum += t.Value.numel()) <= half);
        TensorFile.Save(Path.Combine(folder, name + "-1.safetensors"), parts[true]);
        TensorFile.Save(Path.Combine(folder, name + "-2.safetensors"), parts[false]);
        File.Delete(Path.Combine(folder, name + ".safetensors"));
    }

    private static string[] Parts(string folder, string name) =>
        [.. Directory.GetFiles(folder, name + "-?.safetensors").Order(StringComparer.Ordinal)];
}
