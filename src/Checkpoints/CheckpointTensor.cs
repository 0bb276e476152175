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

    public override string ToString() => $"{Name} {Type} {Shapes.Text(Shape)}";
}
