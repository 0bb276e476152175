using System.Runtime.InteropServices;
using Locutor.Checkpoints.Quantised;

namespace Locutor.Checkpoints.Naming;

/// <summary>
/// Joins the query, key and value projections of the picture encoder's blocks. Ports store them separately, the published file as one:
/// <c>attn.q</c>, <c>attn.k</c> and <c>attn.v</c> become the rows of <c>attn.to_qkv</c>. No other renaming needs a copy.
/// </summary>
internal sealed unsafe class JoinedProjections(string source, long mostBytes) : IDisposable
{
    private static readonly string[] Parts = ["q", "k", "v"];
    private readonly List<nint> copies = [];
    private long copied;

    /// <summary>Replaces the separate projections of every block under <c>visual.transformer.</c> by the joined one.</summary>
    /// <exception cref="CheckpointException">One of the three is missing, or their types or shapes differ.</exception>
    public void Replace(Dictionary<string, CheckpointTensor> tensors)
    {
        foreach (string key in tensors.Keys.Where(IsPart).ToArray())
        {
            int place = key.LastIndexOf(".attn.", StringComparison.Ordinal) + ".attn.".Length;
            if (!tensors.ContainsKey(key)) continue; // already joined together with another part
            string before = key[..place], member = key[(place + 1)..];
            CheckpointTensor[] three =
            [
                .. Parts.Select(part => tensors.TryGetValue(before + part + member, out var found)
                    ? found
                    : throw Wrong($"{before + part + member}: expected beside {key}, found none"))
            ];
            foreach (string part in Parts) tensors.Remove(before + part + member);
            string name = $"{before}to_qkv{member}";
            if (!tensors.TryAdd(name, Join(name, three))) throw Wrong($"{name}: expected once, found whole and in parts");
        }
    }

    public void Dispose()
    {
        foreach (nint copy in copies) NativeMemory.AlignedFree((void*)copy);
        copies.Clear();
    }

    private static bool IsPart(string key) => key.StartsWith("visual.transformer.", StringComparison.Ordinal)
        && key.LastIndexOf(".attn.", StringComparison.Ordinal) is > 0 and var place && key.Length > place + 7 && key[place + 7] == '.'
        && key[place + 6] is 'q' or 'k' or 'v';

    private CheckpointTensor Join(string name, CheckpointTensor[] parts)
    {
        var first = parts[0];
        foreach (var part in parts)
        {
            if (part.Type != first.Type || part.ByteLength == 0 || part.Shape.Length == 0
                || !part.Shape.AsSpan(1).SequenceEqual(first.Shape.AsSpan(Math.Min(1, first.Shape.Length)))
                || part.Scale is null != first.Scale is null)
            {
                throw Wrong($"{name}: expected parts of equal type and width, found {first} and {part}");
            }
        }

        byte[][] scales = first.Scale is null ? [] : [.. parts.Select(RowScales)];
        long[] shape = [parts.Sum(p => p.Shape[0]), .. first.Shape[1..]];
        nint address = Copy(name, [.. parts.Select(p => (p.Address, p.ByteLength))]);
        var joined = new CheckpointTensor(name, first.Type, shape, address, parts.Sum(p => p.ByteLength));
        return scales.Length == 0 ? joined : joined with { Scale = ScaleOf(name, shape[0], scales) };
    }

    private CheckpointTensor ScaleOf(string name, long rows, byte[][] scales)
    {
        byte[] all = [.. scales.SelectMany(s => s)];
        fixed (byte* start = all)
            return new CheckpointTensor(name + "_scale", ElementType.Float32, [rows], Copy(name, [((nint)start, all.Length)]), all.Length);
    }

    /// <summary>Returns float32 scales, one for each row; the file may have a single scale for all rows.</summary>
    private byte[] RowScales(CheckpointTensor part)
    {
        double[] stored = part.Scale!.ToDoubles();
        float[] rows = new float[part.Shape[0]];
        for (int i = 0; i < rows.Length; i++) rows[i] = (float)stored[stored.Length == 1 ? 0 : i];
        return MemoryMarshal.AsBytes<float>(rows).ToArray();
    }

    /// <summary>
    /// Copies the parts one after the other. The total of all copies is limited, because tensors of a hostile file may share their bytes.
    /// </summary>
    private nint Copy(string name, (nint Address, long Bytes)[] parts)
    {
        long bytes = parts.Sum(p => p.Bytes);
        if ((copied += bytes) > mostBytes) throw Wrong($"{name}: expected at most {mostBytes} bytes of projections, found {copied}");
        byte* copy = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, bytes), 64);
        copies.Add((nint)copy);
        long done = 0;
        foreach (var part in parts)
        {
            Buffer.MemoryCopy((void*)part.Address, copy + done, bytes - done, part.Bytes);
            done += part.Bytes;
        }
        return (nint)copy;
    }

    private CheckpointException Wrong(string what) => new($"{source}: {what}");
}
