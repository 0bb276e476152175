using System.Runtime.InteropServices;

namespace Locutor.Checkpoints.Lora;

/// <summary>The changes that an adapter file (LoRA) makes to a network's parameters, with their strength.</summary>
public sealed class LoraAdapter
{
    private readonly Dictionary<string, List<LoraPatch>> patches = new(StringComparer.Ordinal);

    internal LoraAdapter(string source, double strength, IEnumerable<LoraPatch> all, int tensors)
    {
        Source = source;
        Strength = strength;
        FileTensors = tensors;
        foreach (var patch in all) (CollectionsMarshal.GetValueRefOrAddDefault(patches, patch.Target, out _) ??= []).Add(patch);
    }

    public string Source { get; }

    /// <summary>Factor of all changes; 1 is the strength of the training.</summary>
    public double Strength { get; }

    /// <summary>Number of tensors in the adapter file; all of them are used.</summary>
    public int FileTensors { get; }

    /// <summary>Keys of the network's parameters that the adapter changes.</summary>
    public IReadOnlyCollection<string> Targets => patches.Keys;

    /// <summary>Returns the changes of one parameter; empty if the adapter does not change it.</summary>
    public IReadOnlyList<LoraPatch> PatchesOf(string key) => patches.TryGetValue(key, out var found) ? found : [];

    public override string ToString() => $"{Source}: {FileTensors} tensors change {patches.Count} of the network's at strength {Strength}";
}
