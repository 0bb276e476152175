using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Quantises activations that no other kernel has quantised, for example the output of an attention, or the sum of two tensors.
/// </summary>
public static class QuantiseRows
{
    /// <summary>Vectors for each thread: only 16-bit values stay in registers.</summary>
    private const int MostVectors = 6;

    private static readonly CudaKernel Kernel = new("QuantiseRows.cu", "quantise_rows");

    /// <summary>Quantises each row. With plain precision, returns the tensor itself.</summary>
    /// <param name="x">[..., C]</param>
    /// <param name="precision">Precision of the result.</param>
    public static Activations Apply(Tensor x, LinearPrecision precision) =>
        precision == LinearPrecision.Plain ? new(x, null) : new Operation(x, null, precision).Run();

    /// <summary>Quantises x + y, rounded once to the type of x. The kernel does not write the sum.</summary>
    /// <param name="x">[..., C]</param>
    /// <param name="y">[..., C]</param>
    /// <param name="precision">Precision of the result.</param>
    public static Activations Sum(Tensor x, Tensor y, LinearPrecision precision) =>
        precision == LinearPrecision.Plain ? new(x + y, null) : new Operation(x, y, precision).Run();

    private sealed unsafe record Operation(Tensor X, Tensor? Y, LinearPrecision Precision) : IFusedOperation<Activations>
    {
        public bool CanLaunch => (Y is null ? CudaKernel.CanRun(X) : CudaKernel.CanRun(X, Y)) && X.shape[^1] <= RowShape.Longest;

        public Activations Launch()
        {
            var rows = Rows.From(X);
            var others = Y is null ? rows : Rows.From(Y);
            var quantised = RowsOut.CreateLike(X, Precision);
            nint x = TensorMemory.Address(rows.Tensor), y = TensorMemory.Address(others.Tensor),
                result = TensorMemory.Address(quantised.Values), scales = quantised.ScalesAddress;
            long stride = rows.Stride, strideOfY = others.Stride;
            var shape = RowShape.ForBlock(rows.Width, rows.Wide && others.Wide, MostVectors);
            void** arguments = stackalloc void*[] { &x, &stride, &y, &strideOfY, &result, &scales };
            Kernel.Launch(X, shape.Constants(Precision, ("SUMMED", Y is null ? 0 : 1)), rows.Count, shape.Lanes, arguments);
            return quantised.Activations;
        }

        public Activations Plain() => Y is null ? Activations.CreatePlain(X, Precision) : Apply(X + Y, Precision);
    }
}
