using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>GELU in its tanh approximation (Hendrycks and Gimpel, arXiv:1606.08415), quantised where the reader wants bytes.</summary>
public static unsafe class GeluQuantise
{
    private const int LongestRow = 48 * 1024 / sizeof(short);
    private static readonly CudaKernel Kernel = new("Gelu.cu", "gelu_quantise");

    /// <param name="x">[..., C]</param>
    public static Activations Apply(Tensor x, LinearPrecision precision)
    {
        if (CudaKernel.Takes(x) && x.shape[^1] <= LongestRow) return Launched(x, precision, identity: 0);
        using var scope = NewDisposeScope();
        var y = x.gelu(TorchSharp.Modules.GELU.Approximate.tanh);
        return precision == LinearPrecision.Plain ? new Activations(y.MoveToOuterDisposeScope(), null) : Activations.Of(RowQuantiser.Quantise(y, precision)).MoveToOuterDisposeScope();
    }

    /// <summary>Quantises what no other kernel made, such as the output of an attention.</summary>
    /// <param name="precision">Float8 or Int8.</param>
    public static Activations Quantise(Tensor x, LinearPrecision precision) => CudaKernel.Takes(x) && x.shape[^1] <= LongestRow
        ? Launched(x, precision, identity: 1)
        : Activations.Of(RowQuantiser.Quantise(x, precision));

    private static Activations Launched(Tensor x, LinearPrecision precision, int identity)
    {
        using var scope = NewDisposeScope();
        var rows = Rows.Of(x);
        var y = empty(x.shape, precision == LinearPrecision.Plain ? x.dtype : RowQuantiser.Type(precision), x.device);
        var scales = precision == LinearPrecision.Plain ? null : empty(x.shape.AsSpan(0, x.shape.Length - 1).ToArray(), ScalarType.Float32, x.device);
        nint from = CudaKernel.Address(rows.Tensor), to = CudaKernel.Address(y), beside = scales is null ? 0 : CudaKernel.Address(scales);
        long stride = rows.Stride;
        int width = rows.Width, wide = rows.Wide ? 1 : 0, format = (int)precision;
        void** arguments = stackalloc void*[] { &from, &stride, &to, &beside, &width, &wide, &format, &identity };
        Kernel.Launch(x.device.index, rows.Count, Rows.Threads, width * sizeof(short), arguments);
        return new Activations(y, scales).MoveToOuterDisposeScope();
    }
}
