using System.Text.Json;

namespace Locutor.Checkpoints;

/// <summary>One checkpoint in several files beside an index <c>{"weight_map": {key: file}}</c>, as the hub's large models are published.</summary>
public sealed class ShardedCheckpoint : Checkpoint
{
    private const long LongestIndex = 64 << 20;
    private readonly string path;
    private readonly List<Checkpoint> shards = [];
    private readonly Dictionary<string, CheckpointTensor> tensors = new(StringComparer.Ordinal);

    private ShardedCheckpoint(string path)
    {
        this.path = path;
        var map = ReadIndex();
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

    public static new ShardedCheckpoint Open(string path) => new(path);

    private Dictionary<string, string> ReadIndex()
    {
        var info = new FileInfo(path);
        if (info.Length > LongestIndex) throw new CheckpointException($"{path}: expected an index of at most {LongestIndex} bytes, found {info.Length}");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 8 });
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("weight_map", out var element))
                throw new CheckpointException($"{path}: expected a checkpoint or an index of shards, found JSON without a field weight_map");
            var map = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in element.EnumerateObject())
            {
                string file = entry.Value.GetString() ?? "";
                if (file.Length == 0 || file != Path.GetFileName(file) || file is "." or "..") throw new CheckpointException($"{path}: key {entry.Name}: expected the name of a file beside the index, found {file}");
                if (!map.TryAdd(entry.Name, file)) throw new CheckpointException($"{path}: key {entry.Name}: expected once, found twice");
            }
            return map.Count > 0 ? map : throw new CheckpointException($"{path}: expected keys in weight_map, found none");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: expected an index in JSON, found: {e.Message}", e);
        }
    }

    private void Add(string name, IEnumerable<string> keys)
    {
        string file = Path.Combine(Path.GetDirectoryName(path) ?? "", name);
        var shard = CheckpointFormats.OpenFile(file);
        shards.Add(shard);
        foreach (string key in keys)
            if (!shard.Tensors.ContainsKey(key)) throw new CheckpointException($"{file}: expected a tensor {key}, as {Path.GetFileName(path)} says, found none among {shard.Tensors.Count}");
        foreach (var (key, tensor) in shard.Tensors)
            if (!tensors.TryAdd(key, tensor)) throw new CheckpointException($"{file}: tensor {key}: expected in one shard, found in two");
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach (var shard in shards) shard.Dispose();
    }
}
