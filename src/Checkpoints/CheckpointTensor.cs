namespace Locutor.Checkpoints;

/// <summary>
/// A named tensor of a checkpoint: contiguous, row-major and little-endian. Its memory is valid until the checkpoint is disposed.
/// </summary>
/// <param name="Name">Key in the file.</param>
/// <param name="Type">Storage type of the elements.</param>
/// <param name="Shape">Length of each axis; empty for a scalar.</param>
/// <param name="Address">Address of the first byte, read-only. The memory is mapped, so an access may read the disk.</param>
/// <param name="ByteLength">Size in bytes: number of elements times element size, or number of blocks times block size.</param>
public sealed record CheckpointTensor(string Name, ElementType Type, long[] Shape, nint Address, long ByteLength)
{
    /// <summary>
    /// Factor of the stored elements: one number for the whole tensor, or one number for each index of the first axis. Null if the tensor
    /// has no scale.
    /// </summary>
    public CheckpointTensor? Scale { get; init; }

    /// <summary>True if the stored elements have to be dequantised: they have a scale or are stored in blocks.</summary>
    public bool IsQuantised => Scale is not null || Type.BlockElements() > 1;

    public long ElementCount => ByteLength / Type.Size() * Type.BlockElements();

    /// <summary>The tensor's bytes; throws <see cref="OverflowException"/> for tensors of 2 GiB or more.</summary>
    public unsafe ReadOnlySpan<byte> Bytes => new((void*)Address, checked((int)ByteLength));

    /// <summary>Returns the bytes from a position on, at most a given number of them, so that a tensor of any size can be read.</summary>
    /// <param name="start">Position of the first byte, from 0 to <see cref="ByteLength"/>.</param>
    /// <param name="atMost">Largest number of bytes.</param>
    public unsafe ReadOnlySpan<byte> BytesFrom(long start, int atMost)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, ByteLength);
        return new((void*)(Address + (nint)start), (int)Math.Min(atMost, ByteLength - start));
    }

    /// <summary>
    /// True if <see cref="Rows"/> can split the tensor: it has at least one axis, and each row (index of the first axis) is a whole number
    /// of GGUF blocks.
    /// </summary>
    public bool HasRows => Shape.Length > 0 && Shape[0] > 0 && ElementCount / Shape[0] % Type.BlockElements() == 0;

    /// <summary>Returns a view of some rows (indices of the first axis); nothing is copied. A scale for each row is cut likewise.</summary>
    /// <param name="first">First row, counted from 0.</param>
    /// <param name="count">Number of rows, at least 1.</param>
    public CheckpointTensor Rows(long first, long count)
    {
        if (!HasRows || first < 0 || count < 1 || first > Shape[0] - count)
            throw new ArgumentOutOfRangeException(nameof(first), first, $"expected rows of {this}, found {count} from there");
        long bytes = ByteLength / Shape[0];
        return this with
        {
            Shape = [count, .. Shape[1..]],
            Address = Address + (nint)(first * bytes),
            ByteLength = count * bytes,
            Scale = Scale is { ElementCount: > 1 } scale ? scale.Rows(first, count) : Scale,
        };
    }

    public override string ToString() => $"{Name} {Type.Label()} {Shapes.Text(Shape)}";
}
