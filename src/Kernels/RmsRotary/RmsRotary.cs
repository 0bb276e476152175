using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>RMS norm over the whole row, then the rotary turn of every pair; the latter only where turns are given.</summary>
public static unsafe class RmsRotary
{
    /// <summary>Vectors of a thread: values are held through a sum.</summary>
    private const int MostVectors = 4;

    private static readonly CudaKernel Kernel = new("RmsRotary.cu", "rms_rotary");

    /// <param name="x">[B, L, C]</param>
    /// <param name="weight">[C], of the type of x.</param>
    /// <param name="turns">Complex [L, D / 2] with D channels a head, or null.</param>
    /// <param name="heads">C / D.</param>
    /// <returns>[B, H, L, D], of the type of x.</returns>
    public static Tensor Apply(Tensor x, Tensor weight, double epsilon, Tensor? turns, int heads)
    {
        if (!CudaKernel.Takes(x, weight) || x.shape[^1] > RowShape.Longest || x.shape[^1] / heads % 8 != 0) return Plain(x, weight, epsilon, turns, heads);
        using var scope = NewDisposeScope();
        var rows = Rows.From(x);
        var y = empty(x.shape, x.dtype, x.device);
        nint from = TensorMemory.Address(rows.Tensor), times = TensorMemory.Address(weight), turn = turns is null ? 0 : TensorMemory.Address(turns), to = TensorMemory.Address(y);
        long stride = rows.Stride;
        uint tokens = checked((uint)x.shape[1]);
        int head = rows.Width / heads;
        var shape = RowShape.ForBlock(rows.Width, rows.Wide && Rows.Aligned(times) && Rows.Aligned(turn), MostVectors);
        float small = (float)epsilon;
        void** arguments = stackalloc void*[] { &from, &stride, &times, &turn, &tokens, &to, &small };
        Kernel.Launch(x, shape.Constants(LinearPrecision.Plain, ("HEAD", head), ("TURNED", turns is null ? 0 : 1)), rows.Count, shape.Lanes, arguments);
        return y.unflatten(2, [heads, head]).transpose(1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>The same in plain libtorch.</summary>
    public static Tensor Plain(Tensor x, Tensor weight, double epsilon, Tensor? turns, int heads)
    {
        using var scope = NewDisposeScope();
        var split = Normalised(x, weight, epsilon).unflatten(2, [heads, x.shape[^1] / heads]).transpose(1, 2); // [B, H, L, D]
        return (turns is null ? split : Turned(split, turns)).MoveToOuterDisposeScope();
    }

    /// <summary>x / sqrt(mean(x^2) + epsilon) * weight over the last axis; the mean in float32. Zhang and Sennrich, arXiv:1910.07467.</summary>
    public static Tensor Normalised(Tensor x, Tensor weight, double epsilon)
    {
        using var scope = NewDisposeScope();
        var wide = x.to(ScalarType.Float32);
        var scale = wide.square().mean([-1], keepdim: true).add(epsilon).rsqrt();
        return ((wide * scale).to(x.dtype) * weight).MoveToOuterDisposeScope();
    }

    /// <summary>Pairs of neighbours turned by complex factors. Su et al., arXiv:2104.09864.</summary>
    /// <param name="x">[B, H, L, D]</param>
    /// <param name="turns">Complex float32, [.., L, D / 2].</param>
    public static Tensor Turned(Tensor x, Tensor turns)
    {
        using var scope = NewDisposeScope();
        var pairs = x.to(ScalarType.Float32).unflatten(x.dim() - 1, [x.shape[^1] / 2, 2]).contiguous().view_as_complex();
        return (pairs * turns).view_as_real().flatten(-2).to(x.dtype).MoveToOuterDisposeScope();
    }
}
