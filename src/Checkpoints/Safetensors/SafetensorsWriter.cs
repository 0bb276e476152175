using Locutor.Files;

namespace Locutor.Checkpoints.Safetensors;

/// <summary>Name, element type and shape of a tensor that will be written.</summary>
public sealed record TensorOutline(string Name, ElementType Type, long[] Shape);

/// <summary>
/// Writes a safetensors file. Tensors can be appended in pieces and in any order; memory use does not grow with the file. The file has a
/// temporary name until <see cref="Complete"/>; <see cref="Dispose"/> before that deletes it.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly string path;
    private readonly AtomicFile file;
    private readonly FileStream stream;
    private readonly long start;
    private readonly Dictionary<string, Place> places = new(StringComparer.Ordinal);

    /// <summary>Creates the file under a temporary name and writes its header.</summary>
    /// <param name="path">The file to create or to replace.</param>
    /// <param name="outlines">All tensors that will be written. Wider element types are placed first, so that all data are aligned to their
    /// element size.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <exception cref="CheckpointException">Two tensors have the same name, a tensor cannot be stored in the format, or the folder is not
    /// writable.</exception>
    public SafetensorsWriter(string path, IEnumerable<TensorOutline> outlines, IReadOnlyDictionary<string, string>? metadata = null)
    {
        this.path = Path.GetFullPath(path);
        var layout = new SafetensorsLayout(this.path, outlines, metadata);
        foreach (var entry in layout.Entries) places.Add(entry.Name, new Place(entry));
        try
        {
            file = AtomicFile.Create(this.path);
            stream = file.Open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be written: {FileFault.Describe(e)}", e);
        }
        stream.Write(layout.Header);
        start = layout.Header.Length;
    }

    /// <summary>Appends bytes to a tensor.</summary>
    public void Append(string name, ReadOnlySpan<byte> part)
    {
        if (!places.TryGetValue(name, out var place)) throw Wrong($"tensor {name}: expected one of the {places.Count} announced tensors");
        if (part.Length > place.Bytes - place.Written)
        {
            throw Wrong(
                $"tensor {name}: expected {place.Bytes} bytes for {place.Entry.Type} {Shapes.Text(place.Entry.Shape)}, found " +
                $"{place.Written + part.Length} or more");
        }
        stream.Position = start + place.Entry.Begin + place.Written;
        stream.Write(part);
        place.Written += part.Length;
    }

    /// <summary>Appends all bytes of a stored tensor under the name that it has.</summary>
    public void Append(CheckpointTensor tensor)
    {
        const int AtOnce = 1 << 24;
        for (long done = 0; done < tensor.ByteLength; done += AtOnce) Append(tensor.Name, tensor.BytesFrom(done, AtOnce));
    }

    /// <summary>Checks that every tensor is complete and renames the file to its final name.</summary>
    public void Complete()
    {
        foreach (var place in places.Values)
        {
            if (place.Written != place.Bytes)
                throw Wrong($"tensor {place.Entry.Name}: expected {place.Bytes} bytes, found {place.Written}");
        }
        stream.Dispose();
        file.Commit(durable: true);
    }

    /// <summary>Writes tensors to a file in their stored element type.</summary>
    public static void Write(
        string path, IReadOnlyCollection<CheckpointTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var writer = new SafetensorsWriter(path, tensors.Select(t => new TensorOutline(t.Name, t.Type, t.Shape)), metadata);
        foreach (var tensor in tensors) writer.Append(tensor);
        writer.Complete();
    }

    public void Dispose()
    {
        stream.Dispose();
        file.Dispose();
    }

    private CheckpointException Wrong(string what) => new($"{path}: {what}");

    private sealed class Place(SafetensorsEntry entry)
    {
        public SafetensorsEntry Entry { get; } = entry;

        public long Bytes { get; } = entry.End - entry.Begin;

        public long Written { get; set; }
    }
}
