using System.Security.Cryptography;
using System.Text;
using Locutor.Checkpoints;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Fresh parameters, each as its <see cref="Initial"/> says. A parameter depends on the seed and its key alone, so the order of
/// construction and what else a network holds change nothing.
/// </summary>
/// <param name="seed">Equal seeds give equal parameters.</param>
/// <param name="trainable">Whether floating-point parameters ask for gradients.</param>
public sealed class RandomParameters(long seed, bool trainable = false) : IParameterSource, IDisposable
{
    private readonly SortedDictionary<string, Tensor> made = new(StringComparer.Ordinal);

    /// <summary>Every parameter asked for so far, by key.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => made;

    /// <summary>The parameters that take gradients, in the order of their keys.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Trainable => made.Where(entry => entry.Value.requires_grad);

    /// <summary>Whether that parameter was made already: optional keys of a checkpoint are absent here.</summary>
    public bool Contains(string key) => made.ContainsKey(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        if (made.TryGetValue(key, out var known))
        {
            return known.shape.AsSpan().SequenceEqual(shape)
                ? known
                : throw new CheckpointException($"random parameters: {key} is [{string.Join(", ", known.shape)}], expected [{string.Join(", ", shape)}]");
        }
        using var fresh = Fresh(key, shape, initial);
        var tensor = fresh.to(type, device, copy: true).DetachFromDisposeScope();
        if (trainable && tensor.is_floating_point()) tensor.requires_grad_(true);
        return made[key] = tensor;
    }

    public void Dispose()
    {
        foreach (var tensor in made.Values) tensor.Dispose();
        made.Clear();
    }

    private Tensor Fresh(string key, long[] shape, Initial initial)
    {
        if (initial == Initial.Zeros) return zeros(shape, float32);
        if (initial == Initial.Ones) return ones(shape, float32);
        using var generator = new Generator(SeedOf(key), CPU);
        long inputs = shape.Skip(1).Aggregate(1L, (product, length) => product * length);
        return randn(shape, float32, CPU, generator: generator).mul_(1 / Math.Sqrt(inputs));
    }

    private ulong SeedOf(string key) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}/{key}")));
}
