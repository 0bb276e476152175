namespace Locutor.Checkpoints.Safetensors;

/// <summary>What a tensor of a file to be written looks like.</summary>
public sealed record TensorOutline(string Name, ElementType Type, long[] Shape);

/// <summary>
/// Writes a safetensors file whose tensors arrive piece by piece, in any order, in memory that does not grow with the file.
/// The file stands aside under a temporary name until <see cref="Complete"/>; disposing before that leaves nothing behind.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly string path;
    private readonly string aside;
    private readonly FileStream stream;
    private readonly long start;
    private readonly Dictionary<string, Place> places = new(StringComparer.Ordinal);
    private bool completed;

    /// <param name="path">The file to make or to replace.</param>
    /// <param name="outlines">Every tensor that will be written. Wide element types come first in the file, so that all data stay aligned.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <exception cref="CheckpointException">Two tensors of one name, a shape that no file can hold, or a folder that cannot be written.</exception>
    public SafetensorsWriter(string path, IEnumerable<TensorOutline> outlines, IReadOnlyDictionary<string, string>? metadata = null)
    {
        this.path = Path.GetFullPath(path);
        var layout = new SafetensorsLayout(this.path, outlines, metadata);
        foreach (var entry in layout.Entries) places.Add(entry.Name, new Place(entry));
        aside = $"{this.path}.{Environment.ProcessId:x}-{Guid.NewGuid():N}.part";
        try
        {
            stream = new FileStream(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be written: {e.Message}", e);
        }
        stream.Write(layout.Header);
        start = layout.Header.Length;
    }

    /// <summary>Adds the next bytes of a tensor.</summary>
    public void Append(string name, ReadOnlySpan<byte> part)
    {
        if (!places.TryGetValue(name, out var place)) throw Wrong($"tensor {name}: expected one of the {places.Count} announced tensors");
        if (part.Length > place.Bytes - place.Written)
            throw Wrong($"tensor {name}: expected {place.Bytes} bytes for {place.Entry.Type} {Shapes.Text(place.Entry.Shape)}, found {place.Written + part.Length} or more");
        stream.Position = start + place.Entry.Begin + place.Written;
        stream.Write(part);
        place.Written += part.Length;
    }

    /// <summary>Adds all bytes of a stored tensor under its own name.</summary>
    public unsafe void Append(CheckpointTensor tensor)
    {
        for (long done = 0; done < tensor.ByteLength;)
        {
            int part = (int)Math.Min(1 << 24, tensor.ByteLength - done);
            Append(tensor.Name, new ReadOnlySpan<byte>((void*)(tensor.Address + (nint)done), part));
            done += part;
        }
    }

    /// <summary>Checks that every tensor is whole, and gives the file its name.</summary>
    public void Complete()
    {
        foreach (var place in places.Values)
            if (place.Written != place.Bytes) throw Wrong($"tensor {place.Entry.Name}: expected {place.Bytes} bytes, found {place.Written}");
        stream.Flush(true);
        stream.Dispose();
        File.Move(aside, path, true);
        completed = true;
    }

    /// <summary>Writes tensors as they are stored.</summary>
    public static void Write(string path, IReadOnlyCollection<CheckpointTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var writer = new SafetensorsWriter(path, tensors.Select(t => new TensorOutline(t.Name, t.Type, t.Shape)), metadata);
        foreach (var tensor in tensors) writer.Append(tensor);
        writer.Complete();
    }

    public void Dispose()
    {
        if (completed) return;
        stream.Dispose();
        File.Delete(aside);
    }

    private CheckpointException Wrong(string what) => new($"{path}: {what}");

    private sealed class Place(SafetensorsEntry entry)
    {
        public SafetensorsEntry Entry { get; } = entry;

        public long Bytes { get; } = entry.End - entry.Begin;

        public long Written { get; set; }
    }
}
