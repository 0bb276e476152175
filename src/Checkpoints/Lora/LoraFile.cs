using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Quantised;

namespace Locutor.Checkpoints.Lora;

/// <summary>
/// An adapter file: LoRA pairs and plain differences. All published spellings are accepted: lora_down/lora_up or lora_A/lora_B, alpha,
/// diff, diff_b, diff_m; keys with or without a prefix, with underscores for dots, or with the diffusers names of Wan.
/// </summary>
public sealed class LoraFile : IDisposable
{
    private readonly Checkpoint checkpoint;
    private readonly Dictionary<string, Dictionary<LoraPart, CheckpointTensor>> layers = new(StringComparer.Ordinal);

    private LoraFile(Checkpoint checkpoint)
    {
        this.checkpoint = checkpoint;
        if (checkpoint.Tensors.Count == 0) throw Wrong("expected the tensors of an adapter, found none: the file has only metadata");
        foreach (var tensor in checkpoint.Tensors.Values)
        {
            var key = LoraKey.Parse(tensor.Name)
                ?? throw Wrong(
                    $"{tensor.Name}: expected a key ending in lora_down/lora_up.weight, lora_A/lora_B.weight, alpha, diff, diff_b or " +
                    "diff_m");
            if (!layers.TryGetValue(key.Layer, out var parts)) layers.Add(key.Layer, parts = []);
            if (!parts.TryAdd(key.Part, tensor))
                throw Wrong($"{tensor.Name}: expected one {key.Part} for {key.Layer}, found {parts[key.Part].Name} too");
        }
    }

    public string Source => checkpoint.Source;

    /// <summary>Opens an adapter file in any checkpoint format.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, or a key is of no known form.</exception>
    public static LoraFile Open(string path)
    {
        var checkpoint = CheckpointFormats.Open(path);
        try
        {
            return new LoraFile(checkpoint);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Uses a checkpoint that is already open. This object disposes it.</summary>
    public static LoraFile From(Checkpoint checkpoint) => new(checkpoint);

    /// <summary>Assigns every tensor of the file to a parameter of the network.</summary>
    /// <param name="parameters">Key and shape of each of the network's parameters.</param>
    /// <param name="strength">Factor of all changes; finite.</param>
    /// <exception cref="CheckpointException">A key or a shape matches no parameter; the message lists the nearest names.</exception>
    public LoraAdapter FitTo(IReadOnlyDictionary<string, long[]> parameters, double strength = 1)
    {
        if (!double.IsFinite(strength)) throw new ArgumentOutOfRangeException(nameof(strength), strength, "expected a finite number");
        var names = new LayerNames(parameters.Keys);
        var patches = new List<LoraPatch>();
        foreach (var (spelled, parts) in layers)
        {
            string? layer = names.Find(spelled);
            foreach (var part in parts.Where(p => p.Key is not (LoraPart.Up or LoraPart.Alpha)))
            {
                string target = Target(layer, spelled, part.Key, part.Value, parameters, names);
                patches.Add(
                    part.Key == LoraPart.Down ? Pair(target, parts, parameters[target]) : Plain(target, part.Value, parameters[target]));
            }
            if (!parts.ContainsKey(LoraPart.Down)
                && (parts.GetValueOrDefault(LoraPart.Up) ?? parts.GetValueOrDefault(LoraPart.Alpha)) is { } alone
                && !parts.ContainsKey(LoraPart.Weight))
            {
                throw Wrong($"{alone.Name}: expected a lora_down beside it, found none");
            }
        }
        return new LoraAdapter(Source, strength, patches, checkpoint.Tensors.Count);
    }

    /// <summary>Assigns every tensor of the file to a tensor of the network's checkpoint.</summary>
    /// <exception cref="CheckpointException">A key or a shape matches no tensor; the message lists the nearest names.</exception>
    public LoraAdapter FitTo(Checkpoint network, double strength = 1) =>
        FitTo(network.Tensors.ToDictionary(t => t.Key, t => t.Value.Shape, StringComparer.Ordinal), strength);

    public void Dispose() => checkpoint.Dispose();

    private string Target(
        string? layer, string spelled, LoraPart part, CheckpointTensor tensor, IReadOnlyDictionary<string, long[]> parameters,
        LayerNames names)
    {
        string member = part switch { LoraPart.Bias => ".bias", LoraPart.Modulation => ".modulation", _ => ".weight" };
        if (layer is not null && parameters.ContainsKey(layer + member)) return layer + member;
        if (part == LoraPart.Weight && parameters.ContainsKey(spelled)) return spelled;
        string nearest = string.Join(", ", names.Nearest(spelled).Select(n => n + member));
        throw Wrong($"{tensor.Name}: fits no parameter of the network; expected {spelled}{member}, nearest are {nearest}");
    }

    private LoraPatch Pair(string target, Dictionary<LoraPart, CheckpointTensor> parts, long[] shape)
    {
        var down = parts[LoraPart.Down];
        if (!parts.TryGetValue(LoraPart.Up, out var up)) throw Wrong($"{down.Name}: expected a lora_up beside it, found none");
        if (down.Shape.Length < 2 || up.Shape.Length < 2 || shape.Length < 2)
        {
            throw Wrong(
                $"{down.Name}: expected matrices for {target} {Shapes.Text(shape)}, found {Shapes.Text(down.Shape)} and " +
                $"{Shapes.Text(up.Shape)}");
        }

        long rank = down.Shape[0], inputs = shape[1..].Aggregate(1L, (product, n) => product * n);
        if (rank < 1 || up.ElementCount != shape[0] * rank || up.Shape[0] != shape[0] || down.ElementCount != rank * inputs)
        {
            throw Wrong(
                $"{down.Name}: expected [{shape[0]}, rank] and [rank, {inputs}] for {target} {Shapes.Text(shape)}, found " +
                $"{Shapes.Text(up.Shape)} and {Shapes.Text(down.Shape)}");
        }

        double scale = parts.TryGetValue(LoraPart.Alpha, out var alpha) ? Scalar(alpha) / rank : 1;
        return new LoraPatch(target, Real(down), Real(up), null, scale);
    }

    private LoraPatch Plain(string target, CheckpointTensor difference, long[] shape)
    {
        if (!Without1(difference.Shape).SequenceEqual(Without1(shape)))
            throw Wrong($"{difference.Name}: expected {Shapes.Text(shape)} as {target} is, found {Shapes.Text(difference.Shape)}");
        return new LoraPatch(target, null, null, Real(difference), 1);
    }

    /// <summary>Removes axes of length 1, in which files differ: a modulation is [6, width] or [1, 6, width].</summary>
    private static IEnumerable<long> Without1(long[] shape) => shape.Where(n => n != 1);

    private CheckpointTensor Real(CheckpointTensor tensor) =>
        tensor.Type is ElementType.Float16 or ElementType.BFloat16 or ElementType.Float32 or ElementType.Float64
            ? tensor
            : throw Wrong($"{tensor.Name}: expected a floating-point tensor, found {tensor.Type}");

    private double Scalar(CheckpointTensor tensor)
    {
        double value = tensor.ElementCount == 1
            ? tensor.ToDoubles()[0]
            : throw Wrong($"{tensor.Name}: expected one number, found {Shapes.Text(tensor.Shape)}");
        return double.IsFinite(value) ? value : throw Wrong($"{tensor.Name}: expected a finite number, found {value}");
    }

    private CheckpointException Wrong(string what) => new($"{Source}: {what}");
}
