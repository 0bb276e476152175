using System.Buffers.Binary;
using Locutor.Checkpoints.Files;

namespace Locutor.Checkpoints.Safetensors;

/// <summary>
/// A memory-mapped safetensors file. Format: https://huggingface.co/docs/safetensors (8-byte header length, JSON header, data).
/// </summary>
public sealed class SafetensorsFile : Checkpoint
{
    /// <summary>Largest header, in bytes, that the format allows.</summary>
    private const long LongestHeader = 100_000_000;

    private readonly MappedFile file;
    private readonly Dictionary<string, CheckpointTensor> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata;

    private SafetensorsFile(string path)
    {
        file = new MappedFile(path);
        try
        {
            ulong stated = BinaryPrimitives.ReadUInt64LittleEndian(file.Slice(0, 8, "the header's length"));
            long room = Math.Min(LongestHeader, file.Length - 8);
            if (stated > (ulong)room)
            {
                throw new CheckpointException(
                    $"{path}: expected a header of at most {room} bytes, found a length of {stated} in a file of {file.Length} bytes");
            }

            long start = 8 + (long)stated;
            var header = SafetensorsHeader.Parse(path, file.Slice(8, (long)stated, "the header"), file.Length - start);
            metadata = header.Metadata;
            foreach (var entry in header.Entries)
            {
                tensors.Add(
                    entry.Name,
                    new CheckpointTensor(
                        entry.Name, entry.Type, entry.Shape, file.Address + (nint)(start + entry.Begin), entry.End - entry.Begin));
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override string Source => file.Path;

    public override string Format => "safetensors";

    public override IReadOnlyList<string> Files => [file.Path];

    public override long FileBytes => file.Length;

    public override void Forget(CheckpointTensor tensor) => file.Forget(tensor.Address, tensor.ByteLength);

    public override IReadOnlyDictionary<string, CheckpointTensor> Tensors => tensors;

    public override IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>Opens a safetensors file and validates its header.</summary>
    /// <exception cref="CheckpointException">The file has no valid safetensors header, or the header contradicts the file.</exception>
    public static SafetensorsFile Open(string path) => new(path);

    /// <summary>Returns the offset of a tensor's first byte in the file.</summary>
    internal long PlaceOf(CheckpointTensor tensor) => tensor.Address - file.Address;

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
    }
}
