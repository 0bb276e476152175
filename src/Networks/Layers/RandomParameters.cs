using System.Security.Cryptography;
using System.Text;
using Locutor.Checkpoints;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Draws parameters according to their <see cref="Initial"/>. A parameter depends only on the seed and its key, not on other parameters or
/// the order of construction.
/// </summary>
/// <param name="seed">Equal seeds give equal parameters.</param>
/// <param name="trainable">Whether floating-point parameters require gradients.</param>
/// <param name="onDevice">Draws on the device of the parameter. This is much faster for billions of values, but each kind of device draws
/// different values.</param>
public sealed class RandomParameters(long seed, bool trainable = false, bool onDevice = false) : IParameterSource, IDisposable
{
    private readonly Dictionary<string, QuantisedRows> quantised = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Tensor> made = new(StringComparer.Ordinal);

    /// <summary>Parameters that were drawn so far, by key.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => made;

    /// <summary>Parameters that require gradients, in the order of their keys.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Trainable => made.Where(entry => entry.Value.requires_grad);

    /// <summary>Returns whether that parameter was drawn already. Optional keys of a checkpoint are absent here.</summary>
    public bool Contains(string key) => made.ContainsKey(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        if (made.TryGetValue(key, out var known))
        {
            return known.shape.AsSpan().SequenceEqual(shape)
                ? known
                : throw new CheckpointException(
                    $"random parameters: {key} is [{string.Join(", ", known.shape)}], expected [{string.Join(", ", shape)}]");
        }
        using var fresh = Fresh(key, shape, initial, onDevice ? device : CPU);
        var tensor = fresh.to(type, device, copy: true).DetachFromDisposeScope();
        if (trainable && tensor.is_floating_point()) tensor.requires_grad_(true);
        return made[key] = tensor;
    }

    public QuantisedRows LoadQuantised(string key, long[] shape, LinearPrecision precision, Device device)
    {
        if (quantised.TryGetValue(key, out var known)) return known;
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var rows = RowQuantiser.Quantise(Fresh(key, shape, Initial.Normal, onDevice ? device : CPU).to(device), precision);
        return quantised[key] = new(rows.Values.DetachFromDisposeScope(), rows.Scales.DetachFromDisposeScope());
    }

    public void Forget(string prefix)
    {
        foreach (string key in made.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
            if (made.Remove(key, out var tensor)) tensor.Dispose();
        foreach (string key in quantised.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
            if (quantised.Remove(key, out var rows)) rows.Dispose();
    }

    public void Dispose()
    {
        foreach (var rows in quantised.Values) rows.Dispose();
        quantised.Clear();
        foreach (var tensor in made.Values) tensor.Dispose();
        made.Clear();
    }

    private Tensor Fresh(string key, long[] shape, Initial initial, Device device)
    {
        if (initial == Initial.Zeros) return zeros(shape, float32, device);
        if (initial == Initial.Ones) return ones(shape, float32, device);
        double deviation = 1 / Math.Sqrt(shape.Skip(1).Aggregate(1L, (product, length) => product * length));
        if (device.type != TorchSharp.DeviceType.CPU)
        {
            // A new generator would be on the CPU. This sets the generators of all GPUs, of which the parameter uses one.
            cuda.manual_seed_all((long)(SeedOf(key) >> 1));
            return randn(shape, float32, device).mul_(deviation);
        }
        using var generator = new Generator(SeedOf(key), CPU);
        return randn(shape, float32, CPU, generator: generator).mul_(deviation);
    }

    private ulong SeedOf(string key) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}/{key}")));
}
