using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>Layer norm over the last axis, times a factor, plus an offset, and quantised where the reader wants bytes; all in float32, rounded once.</summary>
public static unsafe class NormModulate
{
    /// <summary>What a block may have of shared memory without asking, in float32 values.</summary>
    private const int LongestRow = 48 * 1024 / sizeof(float);

    private static readonly CudaKernel Kernel = new("NormModulate.cu", "norm_modulate");

    /// <param name="x">[B, L, C]</param>
    /// <param name="factor">[B or 1, 1, C], float32.</param>
    /// <param name="offset">Of the same shape.</param>
    public static Activations Apply(Tensor x, Tensor factor, Tensor offset, double epsilon, LinearPrecision precision)
    {
        if (!CudaKernel.Takes(x) || x.shape[^1] > LongestRow || (is_grad_enabled() && (factor.requires_grad || offset.requires_grad))) return Plain(x, factor, offset, epsilon, precision);
        using var scope = NewDisposeScope();
        var rows = Rows.Of(x);
        var y = empty(x.shape, precision == LinearPrecision.Plain ? x.dtype : RowQuantiser.Type(precision), x.device);
        var scales = precision == LinearPrecision.Plain ? null : empty(x.shape.AsSpan(0, x.shape.Length - 1).ToArray(), ScalarType.Float32, x.device);
        nint from = CudaKernel.Address(rows.Tensor), times = CudaKernel.Address(factor.contiguous()), plus = CudaKernel.Address(offset.contiguous());
        nint to = CudaKernel.Address(y), beside = scales is null ? 0 : CudaKernel.Address(scales);
        long stride = rows.Stride, period = Math.Max(1, rows.Count / Math.Max(1, factor.numel() / rows.Width));
        int width = rows.Width, wide = rows.Wide && Rows.Aligned(times) && Rows.Aligned(plus) ? 1 : 0, format = (int)precision;
        float small = (float)epsilon;
        void** arguments = stackalloc void*[] { &from, &stride, &times, &plus, &period, &to, &beside, &width, &small, &wide, &format };
        Kernel.Launch(x.device.index, rows.Count, Rows.Threads, width * sizeof(float), arguments);
        return new Activations(y, scales).MoveToOuterDisposeScope();
    }

    /// <summary>The same in plain libtorch.</summary>
    public static Activations Plain(Tensor x, Tensor factor, Tensor offset, double epsilon, LinearPrecision precision)
    {
        using var scope = NewDisposeScope();
        var wide = x.dtype == ScalarType.Float32 ? x : x.to(ScalarType.Float32);
        var y = addcmul(offset, nn.functional.layer_norm(wide, [x.shape[^1]], null, null, epsilon), factor, 1).to(x.dtype);
        return precision == LinearPrecision.Plain ? new Activations(y.MoveToOuterDisposeScope(), null) : Activations.Of(RowQuantiser.Quantise(y, precision)).MoveToOuterDisposeScope();
    }
}
