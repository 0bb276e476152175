using static TorchSharp.torch;

namespace Locutor.Training.Optimisation;

/// <summary>Stores a network as one file, or as two files where the size of a single file is limited.</summary>
public static class ResultFiles
{
    /// <summary>
    /// Returns the files of a network in a folder: <c>name.safetensors</c>, or else <c>name-1.safetensors</c> and so on; empty when there
    /// is neither.
    /// </summary>
    public static string[] Find(string folder, string name)
    {
        string whole = Path.Combine(folder, name + ".safetensors");
        return File.Exists(whole) ? [whole] : [.. Directory.GetFiles(folder, name + "-?.safetensors").Order(StringComparer.Ordinal)];
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
}
