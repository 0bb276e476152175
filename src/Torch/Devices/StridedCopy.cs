namespace Locutor.Torch.Devices;

/// <summary>
/// A copy between two strided tensors of equal shape, divided into commands for a copy engine. Each command moves rows of contiguous
/// values. All lengths and strides are in values.
/// </summary>
/// <param name="Width">Values of a row.</param>
/// <param name="Rows">Rows of a command.</param>
/// <param name="ToPitch">Values from a row to the next in the target.</param>
/// <param name="FromPitch">Values from a row to the next in the source.</param>
/// <param name="Outer">Lengths and strides (target, source) of the axes around the rows.</param>
internal sealed record StridedCopy(
    long Width, long Rows, long ToPitch, long FromPitch, IReadOnlyList<(long Length, long To, long From)> Outer)
{
    /// <summary>Divides a copy into rows that are as long as possible.</summary>
    /// <param name="shape">Shape of both tensors.</param>
    /// <param name="to">Strides of the target.</param>
    /// <param name="from">Strides of the source.</param>
    public static StridedCopy From(ReadOnlySpan<long> shape, ReadOnlySpan<long> to, ReadOnlySpan<long> from)
    {
        List<(long Length, long To, long From)> axes = []; // from the innermost; neighbours that form one axis in both are joined
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            if (shape[axis] == 1) continue;
            var inner = axes.Count > 0 ? axes[^1] : (Length: 1L, To: 1L, From: 1L);
            bool joins = to[axis] == inner.Length * inner.To && from[axis] == inner.Length * inner.From;
            if (joins && axes.Count > 0) axes[^1] = inner with { Length = inner.Length * shape[axis] };
            else axes.Add((shape[axis], to[axis], from[axis]));
        }

        bool contiguous = axes.Count > 0 && axes[0] is { To: 1, From: 1 };
        long width = contiguous ? axes[0].Length : 1;
        if (contiguous) axes.RemoveAt(0);
        var rows = axes.Count > 0 ? axes[0] : (Length: 1L, To: width, From: width);
        return new(width, rows.Length, rows.To, rows.From, [.. axes.Skip(1)]);
    }

    /// <summary>Returns the first value of each command, in the target and in the source.</summary>
    public IEnumerable<(long To, long From)> Starts() => Outer.Aggregate(
        (IEnumerable<(long To, long From)>)[(0, 0)],
        (starts, axis) => starts.SelectMany(
            start => Enumerable.Range(0, (int)axis.Length).Select(i => (start.To + i * axis.To, start.From + i * axis.From))));
}
