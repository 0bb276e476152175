using static TorchSharp.torch;

namespace Locutor.Kernels.Compilation;

/// <summary>A tensor as rows of its last axis, one stride between them, as the kernels take it.</summary>
internal readonly record struct Rows(Tensor Tensor, long Count, int Width, long Stride)
{
    /// <summary>Threads of a block that has a row to itself.</summary>
    public const int Threads = 256;

    /// <summary>A view where the strides allow it, else a copy in the current dispose scope.</summary>
    public static Rows Of(Tensor x)
    {
        int width = checked((int)x.shape[^1]);
        long count = x.numel() / Math.Max(1, width);
        return OneStride(x) is { } stride ? new(x, count, width, stride) : new(x.contiguous(), count, width, width);
    }

    /// <summary>Whether every row starts on 16 bytes and is a multiple of 8 values, so that 8 bfloat16 move at once.</summary>
    public bool Wide => Width % 8 == 0 && Stride % 8 == 0 && Aligned(CudaKernel.Address(Tensor));

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
