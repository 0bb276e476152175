namespace Locutor.Checkpoints;

/// <summary>What one of several files gave to the whole.</summary>
/// <param name="Source">The file.</param>
/// <param name="Given">Tensors taken from it.</param>
/// <param name="Replaced">Of these, tensors that an earlier file also had.</param>
/// <param name="Hidden">Tensors of it that a later file replaced.</param>
public sealed record Contribution(string Source, int Given, int Replaced, int Hidden)
{
    public override string ToString() => $"{Source}: {Given} tensors{(Replaced > 0 ? $", {Replaced} of them replacing an earlier file's" : "")}{(Hidden > 0 ? $", {Hidden} replaced by a later file" : "")}";
}

/// <summary>Several checkpoints as one; where two have the same key, the later one's tensor counts.</summary>
public sealed class OverlaidCheckpoint : Checkpoint
{
    private readonly IReadOnlyList<Checkpoint> layers;
    private readonly Dictionary<string, CheckpointTensor> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);

    /// <param name="layers">From the bottom up. Disposed with this.</param>
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

    /// <summary>What each layer gave, in their order.</summary>
    public IReadOnlyList<Contribution> Report { get; }

    /// <summary>Opens files (or folders, or indices) and lays them over each other in this order.</summary>
    /// <exception cref="CheckpointException">One of them cannot be read.</exception>
    public static OverlaidCheckpoint Open(IEnumerable<string> paths)
    {
        var opened = new List<Checkpoint>();
        try
        {
            foreach (string path in paths) opened.Add(Checkpoint.Open(path));
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
