namespace Locutor.Checkpoints.Formats;

/// <summary>Counts the tensors that one file contributed to an <see cref="OverlaidCheckpoint"/>.</summary>
/// <param name="Source">The file.</param>
/// <param name="Given">Number of tensors taken from this file.</param>
/// <param name="Replaced">Number of this file's tensors that replaced a tensor of an earlier file.</param>
/// <param name="Hidden">Number of this file's tensors that a later file replaced.</param>
public sealed record Contribution(string Source, int Given, int Replaced, int Hidden)
{
    public override string ToString() =>
        $"{Source}: {Given} tensors{(Replaced > 0 ? $", {Replaced} of them replacing an earlier file's" : "")}" +
        (Hidden > 0 ? $", {Hidden} replaced by a later file" : "");
}

/// <summary>Several checkpoints as one. If two of them have the same key, the tensor of the later checkpoint is used.</summary>
public sealed class OverlaidCheckpoint : Checkpoint
{
    private readonly IReadOnlyList<Checkpoint> layers;
    private readonly Dictionary<string, CheckpointTensor> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);

    /// <summary>Combines open checkpoints.</summary>
    /// <param name="layers">The checkpoints, lowest priority first. This object disposes them.</param>
    public OverlaidCheckpoint(IReadOnlyList<Checkpoint> layers)
    {
        this.layers = layers;
        var owner = new Dictionary<string, int>(StringComparer.Ordinal);
        int[] replaced = new int[layers.Count], hidden = new int[layers.Count];
        for (int i = 0; i < layers.Count; i++)
        {
            foreach (var (name, tensor) in layers[i].Tensors)
            {
                if (owner.TryGetValue(name, out int before))
                {
                    hidden[before]++;
                    replaced[i]++;
                }
                owner[name] = i;
                tensors[name] = tensor;
            }
            foreach (var (key, value) in layers[i].Metadata) metadata[key] = value;
        }
        Report = [.. layers.Select((layer, i) => new Contribution(layer.Source, layer.Tensors.Count - hidden[i], replaced[i], hidden[i]))];
    }

    public override string Source => string.Join(" + ", layers.Select(l => l.Source));

    public override string Format => string.Join(" + ", layers.Select(l => l.Format).Distinct());

    public override IReadOnlyList<string> Files => [.. layers.SelectMany(file => file.Files)];

    public override long FileBytes => layers.Sum(file => file.FileBytes);

    public override void Forget(CheckpointTensor tensor)
    {
        foreach (var file in layers) file.Forget(tensor);
    }

    public override IReadOnlyDictionary<string, CheckpointTensor> Tensors => tensors;

    public override IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>The contribution of each layer, in the order of the layers.</summary>
    public IReadOnlyList<Contribution> Report { get; }

    /// <summary>Opens files, folders or indices as one checkpoint; a later path has priority over an earlier one.</summary>
    /// <exception cref="CheckpointException">One of them cannot be read.</exception>
    public static OverlaidCheckpoint Open(IEnumerable<string> paths)
    {
        var opened = new List<Checkpoint>();
        try
        {
            foreach (string path in paths) opened.Add(CheckpointFormats.Open(path));
            return new OverlaidCheckpoint(opened);
        }
        catch
        {
            foreach (var layer in opened) layer.Dispose();
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach (var layer in layers) layer.Dispose();
    }
}
