using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels.Compilation;

/// <summary>A tensor as rows of its last axis, one stride between them, as the kernels take it.</summary>
internal readonly record struct Rows(Tensor Tensor, long Count, int Width, long Stride)
{
    /// <summary>A view where the strides allow it, else a copy in the current dispose scope.</summary>
    public static Rows From(Tensor x)
    {
        int width = checked((int)x.shape[^1]);
        long count = x.numel() / Math.Max(1, width);
        return OneStride(x) is { } stride ? new(x, count, width, stride) : new(x.contiguous(), count, width, width);
    }

    /// <summary>Whether every row starts on 16 bytes and is a multiple of 8 values, so that 8 values of 16 bits move at once.</summary>
    public bool Wide => Width % 8 == 0 && Stride % 8 == 0 && Aligned(TensorMemory.Address(Tensor));

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

/// <summary>How neighbouring threads hold one row in their registers, in vectors of 8 values; the constants of <c>shared.cuh</c>.</summary>
/// <param name="Lanes">Threads of a row.</param>
/// <param name="Vectors">Of each thread.</param>
/// <param name="Wide">The vectors cover the row exactly and start on 16 bytes; else values move one by one.</param>
internal readonly record struct RowShape(int Width, int Lanes, int Vectors, bool Wide)
{
    /// <summary>Values of the longest row that a block holds.</summary>
    public const int Longest = 4 * 8 * MostLanes;

    private const int MostLanes = 1024, Warp = 32;

    /// <summary>A block for a row: the fewest warps whose threads hold few enough vectors.</summary>
    /// <param name="wide">Whether vectors may move at once.</param>
    /// <param name="most">Vectors of a thread; at least 4.</param>
    public static RowShape ForBlock(int width, bool wide, int most)
    {
        int vectors = (width + 7) / 8;
        for (int lanes = Warp; wide && lanes <= MostLanes; lanes += Warp)
            if (vectors % lanes == 0 && vectors / lanes <= most) return new(width, lanes, vectors / lanes, true);
        int fewest = Math.Max(1, (vectors + Warp * most - 1) / (Warp * most)) * Warp;
        return new(width, fewest, (vectors + fewest - 1) / fewest, false);
    }

    /// <summary>A part of a warp for a row, so that a warp has several short ones: a power of two of threads that covers it exactly, or the whole warp.</summary>
    public static RowShape ForWarp(int width, bool wide)
    {
        int vectors = (width + 7) / 8, lanes = Math.Min(Warp, vectors & -vectors);
        return wide && vectors / lanes <= 4 ? new(width, lanes, vectors / lanes, true) : new(width, Warp, (vectors + Warp - 1) / Warp, false);
    }

    /// <summary>What a kernel is compiled with.</summary>
    /// <param name="format">How values leave.</param>
    /// <param name="others">The kernel's own constants.</param>
    public string Constants(LinearPrecision format, params ReadOnlySpan<(string Name, int Value)> others)
    {
        string text = FormattableString.Invariant($"#define WIDTH {Width}\n#define LANES {Lanes}\n#define VECTORS {Vectors}\n#define WIDE {(Wide ? 1 : 0)}\n#define FORMAT {(int)format}\n");
        foreach (var (name, value) in others) text += FormattableString.Invariant($"#define {name} {value}\n");
        return text;
    }
}

/// <summary>Where a kernel leaves rows: numbers, or bytes with a scale for each row.</summary>
internal readonly record struct RowsOut(Tensor Values, Tensor? Scales)
{
    public static RowsOut CreateLike(Tensor x, LinearPrecision precision) => precision == LinearPrecision.Plain
        ? new(empty(x.shape, x.dtype, x.device), null)
        : new(empty(x.shape, RowQuantiser.Type(precision), x.device), empty(x.shape.AsSpan(0, x.shape.Length - 1).ToArray(), ScalarType.Float32, x.device));

    public nint ScalesAddress => Scales is null ? 0 : TensorMemory.Address(Scales);

    public Activations Activations => new(Values, Scales);
}
