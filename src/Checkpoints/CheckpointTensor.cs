namespace Locutor.Checkpoints;

/// <summary>One named tensor of a checkpoint: contiguous, row-major, little-endian, in memory that lives as long as the checkpoint.</summary>
/// <param name="Name">The key in the file.</param>
/// <param name="Type">How an element is stored.</param>
/// <param name="Shape">Lengths of the axes; empty for a scalar.</param>
/// <param name="Address">Of the first byte; memory-mapped, so reading it may touch the disk. Read-only.</param>
/// <param name="ByteLength">Elements times element size.</param>
public sealed record CheckpointTensor(string Name, ElementType Type, long[] Shape, nint Address, long ByteLength)
{
    /// <summary>
    /// What the stored elements are multiplied by: one number for the whole tensor, or one for each index of the first axis.
    /// Null when the elements are the values.
    /// </summary>
    public CheckpointTensor? Scale { get; init; }

    /// <summary>Whether the stored elements are not yet the values: scaled, or in blocks.</summary>
    public bool IsQuantised => Scale is not null || Type.BlockElements() > 1;

    public long ElementCount => ByteLength / Type.Size() * Type.BlockElements();

    /// <summary>The bytes; only for tensors under 2 GiB.</summary>
    public unsafe ReadOnlySpan<byte> Bytes => new((void*)Address, checked((int)ByteLength));

    /// <summary>Whether <see cref="Rows"/> can take the tensor apart: it has axes, and no block of GGUF reaches over the end of an index of the first.</summary>
    public bool HasRows => Shape.Length > 0 && Shape[0] > 0 && ElementCount / Shape[0] % Type.BlockElements() == 0;

    /// <summary>Some indices of the first axis, where they lie.</summary>
    /// <param name="first">From 0.</param>
    /// <param name="count">At least 1.</param>
    public CheckpointTensor Rows(long first, long count)
    {
        if (!HasRows || first < 0 || count < 1 || first > Shape[0] - count) throw new ArgumentOutOfRangeException(nameof(first), first, $"expected rows of {this}, found {count} from there");
        long bytes = ByteLength / Shape[0];
        return this with { Shape = [count, .. Shape[1..]], Address = Address + (nint)(first * bytes), ByteLength = count * bytes, Scale = Scale is { ElementCount: > 1 } scale ? scale.Rows(first, count) : Scale };
    }

    public override string ToString() => $"{Name} {Type.Label()} {Shapes.Text(Shape)}";
}
