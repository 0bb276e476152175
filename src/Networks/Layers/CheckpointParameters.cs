using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Loads parameters from an open checkpoint and converts each to the requested type and device once. On the CPU, a parameter in its stored
/// type is not copied: the tensor is the mapped file, and must not be written to. The checkpoint must stay open as long as the parameters
/// are used. On the meta device, only names and shapes are checked.
/// </summary>
/// <param name="checkpoint">The checkpoint; the caller owns it.</param>
/// <param name="adapters">LoRA adapters, added in this order and in float32 before the conversion.</param>
public sealed class CheckpointParameters(Checkpoint checkpoint, params IReadOnlyList<LoraAdapter> adapters) : IParameterSource, IDisposable
{
    private readonly Dictionary<string, Tensor> loaded = new(StringComparer.Ordinal);
    private readonly HashSet<string> used = new(StringComparer.Ordinal);
    private readonly Dictionary<string, QuantisedRows> quantised = new(StringComparer.Ordinal);

    /// <summary>Keys of the parameters that were loaded so far, with their types.</summary>
    public IReadOnlyDictionary<string, ScalarType> Requested =>
        loaded.ToDictionary(entry => entry.Key, entry => entry.Value.dtype, StringComparer.Ordinal);

    public bool Contains(string key) => checkpoint.Tensors.ContainsKey(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        var stored = Find(key, shape);
        if (loaded.TryGetValue(key, out var known)) return known;
        using var inference = no_grad();
        if (device.type == TorchSharp.DeviceType.META) return loaded[key] = empty(shape, type, device).DetachFromDisposeScope();
        return loaded[key] = Read(stored, key, type, device).DetachFromDisposeScope();
    }

    public Tensor LoadStored(string key, long[] shape, ScalarType type, Device device)
    {
        var stored = Find(key, shape);
        bool narrower = device.type == TorchSharp.DeviceType.CPU && type == ScalarType.Float32
            && stored.Type is ElementType.BFloat16 or ElementType.Float16;
        return Load(
            key, shape, Initial.Normal, narrower && !stored.IsQuantised && !IsAdapted(key) ? stored.Type.ScalarType() : type, device);
    }

    /// <summary>Checks, after a network was built, that it uses every tensor of the checkpoint.</summary>
    /// <param name="isIgnored">Returns whether the network ignores a key on purpose.</param>
    /// <exception cref="CheckpointException">Some tensors are unused; the message lists them with the most similar parameter
    /// names.</exception>
    public void RequireAllUsed(Func<string, bool> isIgnored)
    {
        string[] unused = [.. checkpoint.Tensors.Keys.Where(key => !used.Contains(key) && !isIgnored(key))];
        if (unused.Length == 0) return;
        var some = unused.Take(4).Select(key => $"{key} (nearest are {string.Join(", ", NearestNames.To(key, used))})");
        throw new CheckpointException(
            $"{checkpoint.Source}: {unused.Length} tensors fit no parameter of the network: " +
            $"{string.Join(", ", some)}{(unused.Length > 4 ? ", ..." : "")}");
    }

    /// <summary>
    /// Loads a quantised matrix: the stored bytes if they have that precision and no adapter changes them, else the values, quantised on
    /// the device.
    /// </summary>
    public QuantisedRows LoadQuantised(string key, long[] shape, LinearPrecision precision, Device device)
    {
        var stored = Find(key, shape);
        if (quantised.TryGetValue(key, out var known)) return known;
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var rows = AsStored(stored, key, precision, device)
            ?? RowQuantiser.Quantise(Read(stored, key, ScalarType.Float32, device), precision);
        return quantised[key] = new(rows.Values.DetachFromDisposeScope(), rows.Scales.DetachFromDisposeScope());
    }

    private QuantisedRows? AsStored(CheckpointTensor stored, string key, LinearPrecision precision, Device device)
    {
        var type = precision == LinearPrecision.Float8 ? ElementType.Float8E4M3 : ElementType.Int8;
        if (stored.Type != type || stored.Scale is not { } scale || IsAdapted(key)) return null;
        long rows = stored.Shape[0];
        if (scale.ElementCount != 1 && scale.ElementCount != rows) return null;
        var scales = scale.AsTensor().to(ScalarType.Float32, device, copy: true).reshape(-1).expand(rows).contiguous();
        return new QuantisedRows(stored.AsTensor().to(device, copy: true), scales);
    }

    private CheckpointTensor Find(string key, long[] shape)
    {
        if (!checkpoint.TryGet(key, out var stored))
        {
            throw new CheckpointException(
                $"{checkpoint.Source}: no tensor {key}, expected [{string.Join(", ", shape)}]; nearest are " +
                $"{string.Join(", ", NearestNames.To(key, checkpoint.Tensors.Keys))}");
        }

        used.Add(key);
        return stored.Shape.AsSpan().SequenceEqual(shape)
            ? stored
            : throw new CheckpointException(
                $"{checkpoint.Source}: {key} is [{string.Join(", ", stored.Shape)}], expected [{string.Join(", ", shape)}]");
    }

    private Tensor Read(CheckpointTensor stored, string key, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        if (stored.IsQuantised || IsAdapted(key)) return Merged(stored, key, device).to(type).MoveToOuterDisposeScope();
        var tensor = stored.AsTensor();
        bool asStored = tensor.dtype == type && device.type == TorchSharp.DeviceType.CPU && stored.Address % stored.Type.Size() == 0;
        return (asStored ? tensor : tensor.to(type, device, copy: true)).MoveToOuterDisposeScope();
    }

    private bool IsAdapted(string key) => adapters.Any(adapter => adapter.PatchesOf(key).Count > 0);

    private Tensor Merged(CheckpointTensor stored, string key, Device device)
    {
        var weight = stored.ToValues(device);
        foreach (var adapter in adapters)
            foreach (var patch in adapter.PatchesOf(key)) LoraMerge.Add(weight, patch, adapter.Strength);
        return weight;
    }

    public void Forget(string prefix)
    {
        foreach (string key in loaded.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
            if (loaded.Remove(key, out var tensor)) tensor.Dispose();
        foreach (string key in quantised.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
            if (quantised.Remove(key, out var rows)) rows.Dispose();
    }

    public void Dispose()
    {
        foreach (var tensor in loaded.Values) tensor.Dispose();
        loaded.Clear();
        foreach (var rows in quantised.Values) rows.Dispose();
        quantised.Clear();
    }
}
