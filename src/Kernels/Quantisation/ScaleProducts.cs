using Locutor.Kernels.Compilation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels.Quantisation;

/// <summary>Sums of byte products times the scale of their row and of their column, plus the bias, in float32 and rounded once.</summary>
public static unsafe class ScaleProducts
{
    private const int Threads = 256;
    private static readonly CudaKernel Kernel = new("ScaleProducts.cu", "scale_products");

    /// <param name="sums">[tokens, outputs], int32.</param>
    /// <param name="rows">[tokens], float32.</param>
    /// <param name="columns">[outputs], float32.</param>
    /// <param name="bias">[outputs]</param>
    public static Tensor Apply(Tensor sums, Tensor rows, Tensor columns, Tensor? bias, ScalarType result)
    {
        if (result is not (ScalarType.BFloat16 or ScalarType.Float16) || (bias is not null && bias.dtype != result) || sums.shape[1] % 8 != 0 || !sums.is_contiguous() || !rows.is_contiguous()) return Plain(sums, rows, columns, bias, result);
        var y = empty(sums.shape, result, sums.device);
        if (!CudaKernel.Takes(y) || !Rows.Aligned(TensorMemory.Address(sums)) || !Rows.Aligned(TensorMemory.Address(columns)) || (bias is not null && !Rows.Aligned(TensorMemory.Address(bias)))) // the sums themselves are int32
        {
            y.Dispose();
            return Plain(sums, rows, columns, bias, result);
        }
        nint from = TensorMemory.Address(sums), row = TensorMemory.Address(rows), column = TensorMemory.Address(columns), add = bias is null ? 0 : TensorMemory.Address(bias), to = TensorMemory.Address(y);
        long vectors = sums.numel() / 8;
        int width = (int)sums.shape[1];
        void** arguments = stackalloc void*[] { &from, &row, &column, &add, &to, &vectors, &width };
        Kernel.Launch(y, "", (vectors + Threads - 1) / Threads, Threads, arguments);
        return y;
    }

    /// <summary>The same in plain libtorch, of sums of any type and rows of any shape.</summary>
    public static Tensor Plain(Tensor sums, Tensor rows, Tensor columns, Tensor? bias, ScalarType result)
    {
        using var scope = NewDisposeScope();
        var y = sums.to(ScalarType.Float32) * rows.unsqueeze(-1) * columns;
        return (bias is null ? y : y + bias.to(ScalarType.Float32)).to(result).MoveToOuterDisposeScope();
    }
}
