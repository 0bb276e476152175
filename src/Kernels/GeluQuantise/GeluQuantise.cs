using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>GELU in its tanh approximation (Hendrycks and Gimpel, arXiv:1606.08415), quantised for the next matrix product.</summary>
public static class GeluQuantise
{
    /// <summary>Vectors for each thread: a feed-forward row is long, and only its 16-bit values stay in registers.</summary>
    private const int MostVectors = 6;

    private static readonly CudaKernel Kernel = new("Gelu.cu", "gelu_quantise");

    /// <summary>Computes GELU.</summary>
    /// <param name="x">[..., C]</param>
    /// <param name="precision">Precision of the result.</param>
    public static Activations Apply(Tensor x, LinearPrecision precision) => new Operation(x, precision).Run();

    private sealed unsafe record Operation(Tensor X, LinearPrecision Precision) : IFusedOperation<Activations>
    {
        public bool CanLaunch => CudaKernel.CanRun(X) && X.shape[^1] <= RowShape.Longest;

        public Activations Launch()
        {
            var rows = Rows.From(X);
            var y = RowsOut.CreateLike(X, Precision);
            nint x = TensorMemory.Address(rows.Tensor), result = TensorMemory.Address(y.Values), scales = y.ScalesAddress;
            long stride = rows.Stride;
            var shape = RowShape.ForBlock(rows.Width, rows.Wide, MostVectors);
            void** arguments = stackalloc void*[] { &x, &stride, &result, &scales };
            Kernel.Launch(X, shape.Constants(Precision), rows.Count, shape.Lanes, arguments);
            return y.Activations;
        }

        public Activations Plain() => Activations.CreatePlain(X.gelu(TorchSharp.Modules.GELU.Approximate.tanh), Precision);
    }
}
