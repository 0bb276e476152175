using System.Globalization;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels.Compilation;

/// <summary>A tensor as rows of its last axis with one stride between them, as the kernels read it.</summary>
/// <param name="Tensor">The tensor, or a copy with one stride.</param>
/// <param name="Count">Number of rows.</param>
/// <param name="Width">Values of a row.</param>
/// <param name="Stride">Values from the start of a row to that of the next.</param>
internal readonly record struct Rows(Tensor Tensor, long Count, int Width, long Stride)
{
    /// <summary>Views a tensor as rows, or copies it in the current dispose scope if its strides do not allow that.</summary>
    public static Rows From(Tensor x)
    {
        int width = checked((int)x.shape[^1]);
        long count = x.numel() / Math.Max(1, width);
        return OneStride(x) is { } stride ? new(x, count, width, stride) : new(x.contiguous(), count, width, width);
    }

    /// <summary>
    /// Whether every row is 16-byte aligned and a multiple of 8 values, so that a thread can move 8 values of 16 bits at once.
    /// </summary>
    public bool Wide => Width % 8 == 0 && Stride % 8 == 0 && Aligned(TensorMemory.Address(Tensor));

    /// <summary>Returns whether an address is 16-byte aligned.</summary>
    public static bool Aligned(nint address) => address % 16 == 0;

    private static long? OneStride(Tensor x)
    {
        long[] shape = x.shape, strides = x.stride();
        if (strides[^1] != 1 && shape[^1] != 1) return null;
        long stride = shape[^1], expected = -1;
        for (int axis = shape.Length - 2; axis >= 0; axis--)
        {
            if (shape[axis] == 1) continue;
            if (expected < 0) stride = strides[axis];
            else if (strides[axis] != expected) return null;
            expected = strides[axis] * shape[axis];
        }
        return stride;
    }
}

/// <summary>
/// Distribution of a row over the registers of neighbouring threads, in vectors of 8 values; these are the constants of <c>shared.cuh</c>.
/// </summary>
/// <param name="Width">Values of the row.</param>
/// <param name="Lanes">Threads of a row.</param>
/// <param name="Vectors">Vectors of each thread.</param>
/// <param name="Wide">Whether aligned vectors cover the row exactly; otherwise values move one by one.</param>
internal readonly record struct RowShape(int Width, int Lanes, int Vectors, bool Wide)
{
    /// <summary>Values of the longest row that fits into the registers of a block.</summary>
    public const int Longest = 4 * 8 * MostLanes;

    private const int MostLanes = 1024, Warp = 32;

    /// <summary>Assigns a block to each row: the fewest warps whose threads hold at most so many vectors.</summary>
    /// <param name="width">Values of the row.</param>
    /// <param name="wide">Whether the rows are aligned.</param>
    /// <param name="most">Largest number of vectors of a thread; at least 4.</param>
    public static RowShape ForBlock(int width, bool wide, int most)
    {
        int vectors = (width + 7) / 8;
        for (int lanes = Warp; wide && lanes <= MostLanes; lanes += Warp)
            if (vectors % lanes == 0 && vectors / lanes <= most) return new(width, lanes, vectors / lanes, true);
        int fewest = Math.Max(1, (vectors + Warp * most - 1) / (Warp * most)) * Warp;
        return new(width, fewest, (vectors + fewest - 1) / fewest, false);
    }

    /// <summary>
    /// Assigns a part of a warp to each row, for short rows: a power of two of threads that covers the row exactly, or the whole warp.
    /// </summary>
    public static RowShape ForWarp(int width, bool wide)
    {
        int vectors = (width + 7) / 8, lanes = Math.Min(Warp, vectors & -vectors);
        return wide && vectors / lanes <= 4
            ? new(width, lanes, vectors / lanes, true)
            : new(width, Warp, (vectors + Warp - 1) / Warp, false);
    }

    /// <summary>Returns the constants for compiling a kernel.</summary>
    /// <param name="format">Precision of the result.</param>
    /// <param name="others">The kernel's own constants.</param>
    public string Constants(LinearPrecision format, params ReadOnlySpan<(string Name, int Value)> others)
    {
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"#define WIDTH {Width}\n#define LANES {Lanes}\n#define VECTORS {Vectors}\n" +
            $"#define WIDE {(Wide ? 1 : 0)}\n#define FORMAT {(int)format}\n");
        foreach (var (name, value) in others) text += FormattableString.Invariant($"#define {name} {value}\n");
        return text;
    }
}

/// <summary>Memory for the result of a kernel: plain values, or bytes with a scale for each row.</summary>
/// <param name="Values">The values.</param>
/// <param name="Scales">One scale for each row; null for plain values.</param>
internal readonly record struct RowsOut(Tensor Values, Tensor? Scales)
{
    /// <summary>Allocates a result of the shape of x.</summary>
    public static RowsOut CreateLike(Tensor x, LinearPrecision precision) => precision == LinearPrecision.Plain
        ? new(empty(x.shape, x.dtype, x.device), null)
        : new(empty(x.shape, RowQuantiser.Type(precision), x.device), empty(x.shape[..^1], ScalarType.Float32, x.device));

    /// <summary>Address of the scales, or 0.</summary>
    public nint ScalesAddress => Scales is null ? 0 : TensorMemory.Address(Scales);

    /// <summary>The result as input of the next matrix product.</summary>
    public Activations Activations => new(Values, Scales);
}
