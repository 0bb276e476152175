using Locutor.Checkpoints.Files;

namespace Locutor.Checkpoints.Quantised;

/// <summary>
/// A memory-mapped GGUF file, version 2 or 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). It holds metadata, then the
/// descriptions of the tensors, then the aligned data of each tensor.
/// </summary>
public sealed class GgufFile : Checkpoint
{
    private const long MostTensors = 1_000_000, MostEntries = 1_000_000;
    private const string OriginalShape = "comfy.gguf.orig_shape.";
    private readonly MappedFile file;
    private readonly Dictionary<string, CheckpointTensor> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long[]> shapes = new(StringComparer.Ordinal);
    private long alignment = 32;

    private GgufFile(string path)
    {
        file = new MappedFile(path);
        try
        {
            Read(new GgufReader(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override string Source => file.Path;

    public override string Format => "GGUF";

    public override IReadOnlyList<string> Files => [file.Path];

    public override long FileBytes => file.Length;

    public override void Forget(CheckpointTensor tensor) => file.Forget(tensor.Address, tensor.ByteLength);

    public override IReadOnlyDictionary<string, CheckpointTensor> Tensors => tensors;

    public override IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>Opens a GGUF file.</summary>
    /// <exception cref="CheckpointException">The file is broken, or a tensor has an unsupported type.</exception>
    public static GgufFile Open(string path) => new(path);

    private void Read(GgufReader reader)
    {
        if (reader.UInt32("the signature") != 0x46554747) throw Broken("expected GGUF at the beginning");
        uint version = reader.UInt32("the version");
        if (version is not (2 or 3)) throw Broken($"expected GGUF version 2 or 3, found {version}");
        long tensorCount = Count(reader, "tensors", MostTensors), entryCount = Count(reader, "metadata entries", MostEntries);
        for (long i = 0; i < entryCount; i++) ReadEntry(reader);
        var described = new List<(string Name, uint Type, long[] Shape, long Offset)>();
        for (long i = 0; i < tensorCount; i++) described.Add(Describe(reader));
        long data = (reader.Position + alignment - 1) / alignment * alignment;
        foreach (var (name, type, shape, offset) in described) Add(name, type, shape, data, offset);
    }

    private long Count(GgufReader reader, string what, long most) =>
        reader.UInt64($"the number of {what}") is var count && count <= (ulong)most
            ? (long)count
            : throw Broken($"expected at most {most} {what}, found {count}");

    private void ReadEntry(GgufReader reader)
    {
        string key = reader.Text("a metadata key");
        object value = reader.Value(key);
        if (key == "general.alignment")
        {
            alignment = value is uint bytes and > 0 and <= 1 << 20 && uint.IsPow2(bytes)
                ? bytes
                : throw Broken($"{key}: expected a power of 2 up to 2^20, found {value}");
        }

        if (key.StartsWith(OriginalShape, StringComparison.Ordinal))
            shapes[key[OriginalShape.Length..]] = value as long[] ?? throw Broken($"{key}: expected integers, found {value}");
        string text = value switch
        {
            long[] numbers => Shapes.Text(numbers),
            string[] words => $"{words.Length} texts",
            _ => value.ToString() ?? "",
        };
        if (!metadata.TryAdd(key, text)) throw Broken($"{key}: expected once, found twice");
    }

    private (string Name, uint Type, long[] Shape, long Offset) Describe(GgufReader reader)
    {
        string name = reader.Text("a tensor's name");
        uint axes = reader.UInt32($"{name}'s number of axes");
        if (axes > Shapes.MostAxes) throw Broken($"tensor {name}: expected at most {Shapes.MostAxes} axes, found {axes}");
        long[] shape = new long[axes];
        for (int i = shape.Length - 1; i >= 0; i--) shape[i] = reader.Signed($"{name}'s shape");
        return (name, reader.UInt32($"{name}'s type"), shape, reader.Signed($"{name}'s place"));
    }

    private void Add(string name, uint number, long[] shape, long data, long offset)
    {
        var type = GgufTypes.Parse(number) ?? throw Broken($"tensor {name}: {GgufTypes.Refusal(number)}");
        long elements = Shapes.ByteLength(shape, 1)
            ?? throw Broken($"tensor {name}: expected axes >= 0 under 2^62 elements, found {Shapes.Text(shape)}");
        int block = type.BlockElements();
        long row = shape.Length > 0 ? shape[^1] : 1;
        if (row % block != 0)
            throw Broken($"tensor {name}: expected rows of a multiple of {block} for {GgufTypes.Name(number)}, found {Shapes.Text(shape)}");
        var bytes = (Int128)(elements / block) * type.Size();
        if (offset % alignment != 0) throw Broken($"tensor {name}: expected data at a multiple of {alignment}, found {offset}");
        if (bytes > file.Length || data > file.Length - (long)bytes - offset)
        {
            throw Broken(
                $"tensor {name}: needs bytes [{(Int128)data + offset}, {(Int128)data + offset + bytes}), found a file of " +
                $"{file.Length} bytes");
        }

        if (shapes.TryGetValue(name, out long[]? original))
        {
            if (original.Length > Shapes.MostAxes || Shapes.ByteLength(original, 1) != elements)
                throw Broken($"tensor {name}: expected an original shape of {elements} elements, found {Shapes.Text(original)}");
            shape = original;
        }
        if (!tensors.TryAdd(name, new CheckpointTensor(name, type, shape, file.Address + (nint)(data + offset), (long)bytes)))
            throw Broken($"tensor {name}: expected once, found twice");
    }

    private CheckpointException Broken(string what) => new($"{file.Path}: {what}");

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
    }
}
