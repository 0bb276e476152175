using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Quantised;

namespace Locutor.Checkpoints.Naming;

/// <summary>
/// A checkpoint under the keys that its network uses. Prefixes of repackaged files are removed, names of ports (transformers, llama.cpp)
/// become those of the published files, and the scales of a quantised weight are attached to it. Every tensor of the file either appears
/// under the network's key or belongs to one that does.
/// </summary>
public sealed class NetworkCheckpoint : Checkpoint
{
    private static readonly string[] Prefixes = ["model.diffusion_model.", "diffusion_model."];

    /// <summary>
    /// Suffixes of the activation scales that optimum-quanto writes. Activations are not quantised here, so these values are not used.
    /// </summary>
    private static readonly string[] ActivationScales = [".input_scale", ".output_scale", ".scale_input"];

    private readonly Checkpoint file;
    private readonly JoinedProjections joined;
    private readonly Dictionary<string, CheckpointTensor> tensors = new(StringComparer.Ordinal);

    private NetworkCheckpoint(Checkpoint file)
    {
        this.file = file;
        joined = new JoinedProjections(file.Source, Math.Max(file.FileBytes, 64 << 20));
        try
        {
            Read();
        }
        catch
        {
            joined.Dispose();
            throw;
        }
    }

    private void Read()
    {
        if (file.Tensors.Count == 0) throw Wrong("expected the tensors of a network, found none: the file has only metadata");
        string prefix = Array.Find(
            Prefixes, p => file.Tensors.Count > 0 && file.Tensors.Keys.All(k => k.StartsWith(p, StringComparison.Ordinal) || IsMarker(k)))
            ?? "";
        var all = file.Tensors.ToDictionary(
            t => t.Key.StartsWith(prefix, StringComparison.Ordinal) ? t.Key[prefix.Length..] : t.Key, t => t.Value, StringComparer.Ordinal);
        if (PortedNames.Fit(all.Keys)) all = Published(all);
        foreach (var (key, stored) in all)
        {
            if (IsMarker(key) || Owner(key, all) is not null) continue;
            string name = key.EndsWith("._data", StringComparison.Ordinal) ? key[..^"._data".Length] : key;
            tensors.Add(name, Scaled(name, stored with { Name = name }, all));
        }
        QuantoMap.Check(file.Source, tensors);
        joined.Replace(tensors);
    }

    /// <summary>Renames tensors of a port to their published names; a tensor without a published name keeps its own.</summary>
    private Dictionary<string, CheckpointTensor> Published(Dictionary<string, CheckpointTensor> ported)
    {
        var published = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        foreach (var (key, stored) in ported)
        {
            string name = PortedNames.Find(key) is { } ours && !published.ContainsKey(ours) ? ours : key;
            var shaped = (name, stored.Shape) switch
            {
                ("visual.cls_embedding", [var width]) => stored with { Shape = [1, 1, width] },
                ("visual.pos_embedding", [var tokens, var width]) => stored with { Shape = [1, tokens, width] },
                _ => stored,
            };
            if (!published.TryAdd(name, shaped)) throw Wrong($"{key}: expected one {name}, found two");
        }
        return published;
    }

    public override string Source => file.Source;

    public override string Format => tensors.Values.Any(t => t.Scale is not null) ? $"{file.Format}, quantised" : file.Format;

    public override IReadOnlyList<string> Files => file.Files;

    public override long FileBytes => file.FileBytes;

    public override void Forget(CheckpointTensor tensor) => file.Forget(tensor);

    public override IReadOnlyDictionary<string, CheckpointTensor> Tensors => tensors;

    public override IReadOnlyDictionary<string, string> Metadata => file.Metadata;

    /// <summary>Number of tensors in the file, including scales and markers.</summary>
    public int FileTensors => file.Tensors.Count;

    /// <summary>Opens a checkpoint of any supported format under the network's keys.</summary>
    /// <exception cref="CheckpointException">The file is broken, a scale fits no weight, or a quantised weight has no scale.</exception>
    public static NetworkCheckpoint Open(string path)
    {
        var file = CheckpointFormats.Open(path);
        try
        {
            return new NetworkCheckpoint(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens the files of one network as one checkpoint; a later file's tensors replace those of an earlier file.</summary>
    public static OverlaidCheckpoint Open(IEnumerable<string> paths)
    {
        var opened = new List<Checkpoint>();
        try
        {
            foreach (string path in paths) opened.Add(Open(path));
            return new OverlaidCheckpoint(opened);
        }
        catch
        {
            foreach (var layer in opened) layer.Dispose();
            throw;
        }
    }

    private static bool IsMarker(string key) => key == "scaled_fp8" || key.EndsWith(".scaled_fp8", StringComparison.Ordinal);

    /// <summary>Returns the key of the weight that a scale belongs to; null if the tensor is not a scale.</summary>
    private string? Owner(string key, Dictionary<string, CheckpointTensor> all)
    {
        if (key.EndsWith("._scale", StringComparison.Ordinal))
        {
            return all.ContainsKey(key[..^"._scale".Length] + "._data")
                ? key[..^"._scale".Length]
                : throw Wrong($"{key}: expected {key[..^"._scale".Length]}._data beside it, found none");
        }

        foreach (string ending in (string[])[".scale_weight", ".weight_scale"])
        {
            if (!key.EndsWith(ending, StringComparison.Ordinal)) continue;
            string weight = key[..^ending.Length] + ".weight";
            return all.ContainsKey(weight) ? weight : throw Wrong($"{key}: expected {weight} beside it, found none");
        }
        foreach (string ending in ActivationScales)
        {
            if (!key.EndsWith(ending, StringComparison.Ordinal)) continue;
            string layer = key[..^ending.Length];
            return all.ContainsKey(layer + ".weight._data") || all.ContainsKey(layer + ".weight")
                ? layer + ".weight"
                : throw Wrong($"{key}: expected a weight of {layer} beside it, found none");
        }
        return null;
    }

    private CheckpointTensor Scaled(string name, CheckpointTensor stored, Dictionary<string, CheckpointTensor> all)
    {
        string layer = name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : name;
        CheckpointTensor[] scales =
        [
            .. new[] { name + "._scale", layer + ".scale_weight", layer + ".weight_scale" }.Where(all.ContainsKey).Select(k => all[k])
        ];
        if (scales.Length > 1) throw Wrong($"{name}: expected one scale, found {scales[0].Name} and {scales[1].Name}");
        if (scales.Length == 0)
        {
            return stored.Type != ElementType.Int8
                ? stored
                : throw Wrong($"{name}: expected a scale ({layer}.weight_scale or {name}._scale) for int8, found none");
        }

        if (stored.Type is not (ElementType.Int8 or ElementType.Float8E4M3 or ElementType.Float8E5M2))
            throw Wrong($"{name}: expected int8 or float8 beside {scales[0].Name}, found {stored.Type}");
        var scale = scales[0];
        if (scale.Type is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
            throw Wrong($"{scale.Name}: expected a floating-point scale, found {scale.Type}");
        long rows = stored.Shape.Length > 0 ? stored.Shape[0] : 1;
        if (scale.ElementCount != 1 && (scale.ElementCount != rows || scale.Shape[0] != rows))
        {
            throw Wrong(
                $"{scale.Name}: expected one number or one for each of the {rows} rows of {name} {Shapes.Text(stored.Shape)}, found " +
                $"{Shapes.Text(scale.Shape)}");
        }

        foreach (double value in scale.ToDoubles())
            if (!double.IsFinite(value)) throw Wrong($"{scale.Name}: expected finite scales, found {value}");
        return stored with { Scale = scale };
    }

    private CheckpointException Wrong(string what) => new($"{file.Source}: {what}");

    protected override void Dispose(bool disposing)
    {
        joined.Dispose();
        if (disposing) file.Dispose();
    }
}
