using System.Runtime.InteropServices;

namespace Locutor.Checkpoints.Lora;

/// <summary>An adapter file fitted onto a network's parameters, with the strength at which it is added.</summary>
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

    /// <summary>Factor of everything the adapter adds; 1 is as trained.</summary>
    public double Strength { get; }

    /// <summary>Tensors in the adapter file; each of them is used.</summary>
    public int FileTensors { get; }

    /// <summary>Keys of the network that change.</summary>
    public IReadOnlyCollection<string> Targets => patches.Keys;

    /// <summary>The changes of one parameter, none for a key that stays as it is.</summary>
    public IReadOnlyList<LoraPatch> PatchesOf(string key) => patches.TryGetValue(key, out var found) ? found : [];

    public override string ToString() => $"{Source}: {FileTensors} tensors change {patches.Count} of the network's at strength {Strength}";
}
