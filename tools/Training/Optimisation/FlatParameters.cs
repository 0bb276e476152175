using Locutor.Checkpoints;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Training.Optimisation;

/// <summary>
/// All parameters of a network in one float32 vector, so that an optimiser step takes a few kernels for any number of parameters. A float32
/// parameter is a view of the vector. A bfloat16 parameter is a view of a bfloat16 copy of its part of the vector. Gradients are views in a
/// similar way. Weights of convolutions have the channels-last memory format.
/// </summary>
public sealed class FlatParameters : IParameterSource, IDisposable
{
    private readonly Dictionary<string, Place> places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor> leaves = new(StringComparer.Ordinal);
    private readonly long halves;
    private readonly Tensor? half;
    private readonly Tensor? halfGradient;
    private readonly Tensor? wideGradient;

    private FlatParameters(IReadOnlyList<Recorded> recorded, long seed, Device device)
    {
        long count = 0;
        foreach (var one in recorded.OrderBy(r => r.Type == ScalarType.BFloat16 ? 0 : 1))
        {
            var place = new Place(one, count, one.Shape.Aggregate(1L, (product, n) => product * n));
            places.Add(one.Key, place);
            count += place.Size;
            if (one.Type == ScalarType.BFloat16) halves = count;
        }
        Device = device;
        Values = zeros(count, float32, device).DetachFromDisposeScope();
        if (halves > 0)
        {
            half = zeros(halves, bfloat16, device).DetachFromDisposeScope();
            halfGradient = zeros(halves, bfloat16, device).DetachFromDisposeScope();
        }
        if (count > halves) wideGradient = zeros(count - halves, float32, device).DetachFromDisposeScope();
        Initialise(seed);
    }

    public Device Device { get; }

    /// <summary>All parameters in float32, which an optimiser changes. Call <see cref="Publish"/> after a change.</summary>
    public Tensor Values { get; }

    public long Count => Values.shape[0];

    public IEnumerable<string> Keys => places.Keys;

    /// <summary>
    /// Builds a network on new flat parameters. The network is built twice, first only to find the shapes of its parameters.
    /// </summary>
    public static (TNetwork Network, FlatParameters Parameters) For<TNetwork>(
        Func<Weights, TNetwork> build, ScalarType type, Device device, long seed)
    {
        using var recorder = new Recorder();
        using (NewDisposeScope()) build(new Weights(recorder, type, META));
        var parameters = new FlatParameters(recorder.Recorded, seed, device);
        return (build(new Weights(parameters, type, device)), parameters);
    }

    public bool Contains(string key) => places.ContainsKey(key);

    public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
    {
        if (leaves.TryGetValue(key, out var known)) return known;
        if (!places.TryGetValue(key, out var place) || place.Of.Type != type || !place.Of.Shape.AsSpan().SequenceEqual(shape))
            throw new CheckpointException($"flat parameters: {key} of {type} [{string.Join(", ", shape)}] was not announced");
        using var off = no_grad();
        bool isHalf = type == ScalarType.BFloat16;
        var leaf = View(isHalf ? half! : Values, place, 0).DetachFromDisposeScope();
        leaf.requires_grad_(true);
        leaf.grad = View(isHalf ? halfGradient! : wideGradient!, place, isHalf ? 0 : halves);
        return leaves[key] = leaf;
    }

    /// <summary>Copies changed <see cref="Values"/> to the parameters of the network.</summary>
    public void Publish()
    {
        if (half is null) return;
        using var scope = NewDisposeScope();
        using var off = no_grad();
        half.copy_(Values.narrow(0, 0, halves));
    }

    /// <summary>Returns the whole gradient in float32, in the order of <see cref="Values"/>, and sets the gradient views to zero.</summary>
    public Tensor TakeGradient()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var gradient = (halfGradient, wideGradient) switch
        {
            ({ } h, { } w) => cat([h.to(float32), w]),
            ({ } h, null) => h.to(float32),
            (null, { } w) => w.clone(),
            _ => zeros(0, float32, Device),
        };
        halfGradient?.zero_();
        wideGradient?.zero_();
        return gradient.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Returns the part of a parameter in a vector with the layout of <see cref="Values"/>, in the shape of the parameter.
    /// </summary>
    public Tensor Part(Tensor vector, string key) => View(vector, places[key], 0);

    /// <summary>Multiplies the values of the parameters whose keys match.</summary>
    public void Rescale(Func<string, bool> match, double factor)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        foreach (var place in places.Values.Where(p => match(p.Of.Key))) View(Values, place, 0).mul_(factor);
        Publish();
    }

    public void Dispose()
    {
        foreach (var leaf in leaves.Values) leaf.Dispose();
        Values.Dispose();
        half?.Dispose();
        halfGradient?.Dispose();
        wideGradient?.Dispose();
    }

    private void Initialise(long seed)
    {
        using var random = new RandomParameters(seed);
        using var off = no_grad();
        foreach (var place in places.Values)
        {
            using var scope = NewDisposeScope();
            View(Values, place, 0).copy_(random.Load(place.Of.Key, place.Of.Shape, place.Of.Initial, float32, CPU));
        }
        Publish();
    }

    private static Tensor View(Tensor vector, Place place, long origin)
    {
        using var scope = NewDisposeScope();
        var part = vector.narrow(0, place.Start - origin, place.Size);
        long[] s = place.Of.Shape;
        var view = s.Length switch
        {
            4 => part.view(s[0], s[2], s[3], s[1]).permute(0, 3, 1, 2),
            5 => part.view(s[0], s[2], s[3], s[4], s[1]).permute(0, 4, 1, 2, 3),
            _ => part.view(s),
        };
        return view.MoveToOuterDisposeScope();
    }

    private sealed record Recorded(string Key, long[] Shape, Initial Initial, ScalarType Type);

    private sealed record Place(Recorded Of, long Start, long Size);

    private sealed class Recorder : IParameterSource, IDisposable
    {
        private readonly Dictionary<string, Tensor> seen = new(StringComparer.Ordinal);

        public List<Recorded> Recorded { get; } = [];

        public bool Contains(string key) => seen.ContainsKey(key);

        public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
        {
            if (seen.TryGetValue(key, out var known)) return known;
            if (type is not (ScalarType.BFloat16 or ScalarType.Float32))
                throw new ArgumentException($"{key}: expected bfloat16 or float32, found {type}", nameof(type));
            Recorded.Add(new Recorded(key, shape, initial, type));
            return seen[key] = empty(shape, type, META).DetachFromDisposeScope();
        }

        public void Dispose()
        {
            foreach (var tensor in seen.Values) tensor.Dispose();
        }
    }
}
