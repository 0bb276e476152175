using Locutor.Kernels.Compilation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels.Quantisation;

/// <summary>Quantises what no other kernel made, such as the output of an attention, or the sum of two.</summary>
public static unsafe class QuantiseRows
{
    /// <summary>Vectors of a thread: only 16-bit pairs are held.</summary>
    private const int MostVectors = 6;

    private static readonly CudaKernel Kernel = new("QuantiseRows.cu", "quantise_rows");

    /// <param name="x">[..., C]</param>
    /// <param name="precision">Plain keeps the tensor itself.</param>
    public static Activations Apply(Tensor x, LinearPrecision precision)
    {
        if (precision == LinearPrecision.Plain) return new(x, null);
        return CudaKernel.Takes(x) && x.shape[^1] <= RowShape.Longest ? Launched(x, null, precision) : Activations.Create(RowQuantiser.Quantise(x, precision));
    }

    /// <summary>x + y, rounded once to the type of x, quantised without writing the sum.</summary>
    /// <param name="x">[..., C]</param>
    /// <param name="y">Of the same shape.</param>
    public static Activations Sum(Tensor x, Tensor y, LinearPrecision precision)
    {
        if (precision != LinearPrecision.Plain && CudaKernel.Takes(x, y) && x.shape[^1] <= RowShape.Longest) return Launched(x, y, precision);
        var sum = x + y;
        if (precision == LinearPrecision.Plain) return new(sum, null);
        using (sum) return Apply(sum, precision);
    }

    private static Activations Launched(Tensor x, Tensor? y, LinearPrecision precision)
    {
        using var scope = NewDisposeScope();
        var rows = Rows.From(x);
        var others = y is null ? rows : Rows.From(y);
        var made = RowsOut.CreateLike(x, precision);
        nint from = TensorMemory.Address(rows.Tensor), add = TensorMemory.Address(others.Tensor), to = TensorMemory.Address(made.Values), beside = made.ScalesAddress;
        long stride = rows.Stride, other = others.Stride;
        var shape = RowShape.ForBlock(rows.Width, rows.Wide && others.Wide, MostVectors);
        void** arguments = stackalloc void*[] { &from, &stride, &add, &other, &to, &beside };
        Kernel.Launch(x, shape.Constants(precision, ("SUMMED", y is null ? 0 : 1)), rows.Count, shape.Lanes, arguments);
        return made.Activations.ToOuterScope();
    }
}
