using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Parameters read from an open checkpoint, each converted to the asked type and device once. What stays as it is stored, on the CPU, is
/// not copied but read from the mapped file; such tensors must not be written to. The checkpoint has to stay open as long as these. On the meta
/// device nothing is read: names and shapes are checked.
/// </summary>
/// <param name="checkpoint">Where the parameters lie.</param>
/// <param name="adapters">Added to the parameters they change, in float32, before the conversion; in this order.</param>
public sealed class CheckpointParameters(Checkpoint checkpoint, params IReadOnlyList<LoraAdapter> adapters) : IParameterSource, IDisposable
{
    private readonly Dictionary<string, Tensor> loaded = new(StringComparer.Ordinal);
    private readonly HashSet<string> used = new(StringComparer.Ordinal);
    private readonly Dictionary<string, QuantisedRows> quantised = new(StringComparer.Ordinal);

    /// <summary>Every parameter asked for so far, with the type it was asked for.</summary>
    public IReadOnlyDictionary<string, ScalarType> Asked => loaded.ToDictionary(entry => entry.Key, entry => entry.Value.dtype, StringComparer.Ordinal);

    public bool Contains(string key) => checkpoint.Tensors.ContainsKey(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        var stored = Find(key, shape);
        if (loaded.TryGetValue(key, out var known)) return known;
        using var still = no_grad();
        if (device.type == TorchSharp.DeviceType.META) return loaded[key] = empty(shape, type, device).DetachFromDisposeScope();
        return loaded[key] = Read(stored, key, type, device).DetachFromDisposeScope();
    }

    public Tensor LoadStored(string key, long[] shape, ScalarType type, Device device)
    {
        var stored = Find(key, shape);
        bool narrower = device.type == TorchSharp.DeviceType.CPU && type == ScalarType.Float32 && stored.Type is ElementType.BFloat16 or ElementType.Float16;
        return Load(key, shape, Initial.Normal, narrower && !stored.IsQuantised && !IsAdapted(key) ? stored.Type.ScalarType() : type, device);
    }

    /// <summary>Called when a network was built: every tensor of the checkpoint has to be one of its parameters.</summary>
    /// <param name="mayStay">Says of a key that the network is known to leave it.</param>
    /// <exception cref="CheckpointException">Some are not; the message lists them with the nearest names of parameters.</exception>
    public void RequireAllUsed(Func<string, bool> mayStay)
    {
        string[] left = [.. checkpoint.Tensors.Keys.Where(key => !used.Contains(key) && !mayStay(key))];
        if (left.Length == 0) return;
        var some = left.Take(4).Select(key => $"{key} (nearest are {string.Join(", ", NearestNames.To(key, used))})");
        throw new CheckpointException($"{checkpoint.Source}: {left.Length} tensors fit no parameter of the network: {string.Join(", ", some)}{(left.Length > 4 ? ", ..." : "")}");
    }

    /// <summary>
    /// The stored bytes themselves where they are of that precision and no adapter changes them; else the values, quantised on the device.
    /// </summary>
    public QuantisedRows LoadQuantised(string key, long[] shape, LinearPrecision precision, Device device)
    {
        var stored = Find(key, shape);
        if (quantised.TryGetValue(key, out var known)) return known;
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var rows = AsStored(stored, key, precision, device) ?? RowQuantiser.Quantise(Read(stored, key, ScalarType.Float32, device), precision);
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
        if (!checkpoint.TryGet(key, out var stored)) throw new CheckpointException($"{checkpoint.Source}: no tensor {key}, expected [{string.Join(", ", shape)}]; nearest are {string.Join(", ", NearestNames.To(key, checkpoint.Tensors.Keys))}");
        used.Add(key);
        return stored.Shape.AsSpan().SequenceEqual(shape)
            ? stored
            : throw new CheckpointException($"{checkpoint.Source}: {key} is [{string.Join(", ", stored.Shape)}], expected [{string.Join(", ", shape)}]");
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
