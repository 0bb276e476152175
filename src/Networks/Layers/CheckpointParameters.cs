using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Parameters read from an open checkpoint, each converted to the asked type and device once. What stays as it is stored, on the CPU, is
/// not copied but read from the mapped file; such tensors must not be written to. The checkpoint has to stay open as long as these.
/// </summary>
/// <param name="checkpoint">Where the parameters lie.</param>
/// <param name="adapters">Added to the parameters they change, in float32, before the conversion; in this order.</param>
public sealed class CheckpointParameters(Checkpoint checkpoint, params IReadOnlyList<LoraAdapter> adapters) : IParameterSource, IDisposable
{
    private readonly Dictionary<string, Tensor> loaded = new(StringComparer.Ordinal);

    public bool Contains(string key) => checkpoint.Tensors.ContainsKey(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        if (!checkpoint.TryGet(key, out var stored)) throw new CheckpointException($"{checkpoint.Source}: no tensor {key}, expected [{string.Join(", ", shape)}]; nearest are {string.Join(", ", NearestNames.To(key, checkpoint.Tensors.Keys))}");
        if (!stored.Shape.AsSpan().SequenceEqual(shape))
            throw new CheckpointException($"{checkpoint.Source}: {key} is [{string.Join(", ", stored.Shape)}], expected [{string.Join(", ", shape)}]");
        if (loaded.TryGetValue(key, out var known)) return known;
        using var still = no_grad();
        return loaded[key] = Read(stored, key, type, device).DetachFromDisposeScope();
    }

    /// <summary>Called when a network was built: every tensor of the checkpoint has to be one of its parameters.</summary>
    /// <param name="mayStay">Says of a key that the network is known to leave it.</param>
    /// <exception cref="CheckpointException">Some are not; the message lists them with the nearest names of parameters.</exception>
    public void RequireAllUsed(Func<string, bool> mayStay)
    {
        string[] left = [.. checkpoint.Tensors.Keys.Where(key => !loaded.ContainsKey(key) && !mayStay(key))];
        if (left.Length == 0) return;
        var some = left.Take(4).Select(key => $"{key} (nearest are {string.Join(", ", NearestNames.To(key, loaded.Keys))})");
        throw new CheckpointException($"{checkpoint.Source}: {left.Length} tensors fit no parameter of the network: {string.Join(", ", some)}{(left.Length > 4 ? ", ..." : "")}");
    }

    private Tensor Read(CheckpointTensor stored, string key, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        if (stored.IsQuantised || adapters.Any(adapter => adapter.PatchesOf(key).Count > 0))
            return Merged(stored, key, device).to(type).MoveToOuterDisposeScope();
        var tensor = stored.AsTensor();
        bool asStored = tensor.dtype == type && device.type == TorchSharp.DeviceType.CPU && stored.Address % stored.Type.Size() == 0;
        return (asStored ? tensor : tensor.to(type, device, copy: true)).MoveToOuterDisposeScope();
    }

    private Tensor Merged(CheckpointTensor stored, string key, Device device)
    {
        var weight = stored.ToValues(device);
        foreach (var adapter in adapters)
            foreach (var patch in adapter.PatchesOf(key)) LoraMerge.Add(weight, patch, adapter.Strength);
        return weight;
    }

    public void Dispose()
    {
        foreach (var tensor in loaded.Values) tensor.Dispose();
        loaded.Clear();
    }
}
