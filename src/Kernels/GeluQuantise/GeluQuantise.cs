using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>GELU in its tanh approximation (Hendrycks and Gimpel, arXiv:1606.08415), quantised where the reader wants bytes.</summary>
public static unsafe class GeluQuantise
{
    /// <summary>Vectors of a thread: a feed-forward row is long, and only its 16-bit pairs are held.</summary>
    private const int MostVectors = 6;

    private static readonly CudaKernel Kernel = new("Gelu.cu", "gelu_quantise");

    /// <param name="x">[..., C]</param>
    public static Activations Apply(Tensor x, LinearPrecision precision)
    {
        using var scope = NewDisposeScope();
        if (!CudaKernel.Takes(x) || x.shape[^1] > RowShape.Longest)
        {
            var y = x.gelu(TorchSharp.Modules.GELU.Approximate.tanh);
            return (precision == LinearPrecision.Plain ? new Activations(y, null) : Activations.Create(RowQuantiser.Quantise(y, precision))).ToOuterScope();
        }
        var rows = Rows.From(x);
        var made = RowsOut.CreateLike(x, precision);
        nint from = TensorMemory.Address(rows.Tensor), to = TensorMemory.Address(made.Values), beside = made.ScalesAddress;
        long stride = rows.Stride;
        var shape = RowShape.ForBlock(rows.Width, rows.Wide, MostVectors);
        void** arguments = stackalloc void*[] { &from, &stride, &to, &beside };
        Kernel.Launch(x, shape.Constants(precision), rows.Count, shape.Lanes, arguments);
        return made.Activations.ToOuterScope();
    }
}
