namespace Locutor.Checkpoints.Formats;

/// <summary>
/// A checkpoint in several files (shards) with an index <c>{"weight_map": {key: file}}</c> in the same folder. Large models on the hub are
/// published in this form.
/// </summary>
public sealed class ShardedCheckpoint : Checkpoint
{
    private readonly string path;
    private readonly List<Checkpoint> shards = [];
    private readonly Dictionary<string, CheckpointTensor> tensors = new(StringComparer.Ordinal);

    private ShardedCheckpoint(string path)
    {
        this.path = path;
        var map = ShardIndex.Read(path);
        try
        {
            foreach (var shard in map.GroupBy(entry => entry.Value)) Add(shard.Key, shard.Select(entry => entry.Key));
        }
        catch
        {
            Dispose(true);
            throw;
        }
    }

    public override string Source => path;

    public override string Format => $"{shards.Count} shards of {shards[0].Format}";

    public override IReadOnlyList<string> Files => [path, .. shards.SelectMany(file => file.Files)];

    public override long FileBytes => shards.Sum(file => file.FileBytes);

    public override void Forget(CheckpointTensor tensor)
    {
        foreach (var file in shards) file.Forget(tensor);
    }

    public override IReadOnlyDictionary<string, CheckpointTensor> Tensors => tensors;

    public static ShardedCheckpoint Open(string path) => new(path);

    private void Add(string name, IEnumerable<string> keys)
    {
        string file = Path.Combine(Path.GetDirectoryName(path) ?? "", name);
        var shard = CheckpointFormats.OpenFile(file);
        shards.Add(shard);
        foreach (string key in keys)
        {
            if (!shard.Tensors.ContainsKey(key))
            {
                throw new CheckpointException(
                    $"{file}: expected a tensor {key}, as {Path.GetFileName(path)} says, found none among {shard.Tensors.Count}");
            }
        }

        foreach (var (key, tensor) in shard.Tensors)
            if (!tensors.TryAdd(key, tensor)) throw new CheckpointException($"{file}: tensor {key}: expected in one shard, found in two");
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach (var shard in shards) shard.Dispose();
    }
}
