using Locutor.Kernels.Compilation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>Dequantises a product of bytes: sums * row scales * column scales + bias, in float32 and rounded once.</summary>
public static class ScaleProducts
{
    private const int Threads = 256;
    private static readonly CudaKernel Kernel = new("ScaleProducts.cu", "scale_products");

    /// <summary>Dequantises int32 sums.</summary>
    /// <param name="sums">[tokens, outputs], int32.</param>
    /// <param name="rows">[tokens], float32.</param>
    /// <param name="columns">[outputs], float32.</param>
    /// <param name="bias">[outputs], or null for none.</param>
    /// <param name="result">Type of the result.</param>
    public static Tensor Apply(Tensor sums, Tensor rows, Tensor columns, Tensor? bias, ScalarType result) =>
        new Operation(sums, rows, columns, bias, result).Run();

    /// <summary>Dequantises sums of any type, and scales of any number of axes, with libtorch.</summary>
    /// <inheritdoc cref="Apply"/>
    public static Tensor Plain(Tensor sums, Tensor rows, Tensor columns, Tensor? bias, ScalarType result) =>
        Scoped(() => new Operation(sums, rows, columns, bias, result).Plain());

    private sealed unsafe record Operation(Tensor Sums, Tensor Rows, Tensor Columns, Tensor? Bias, ScalarType Result)
        : IFusedOperation<Tensor>
    {
        public bool CanLaunch
        {
            get
            {
                if (Bias is not null && Bias.dtype != Result) return false;
                if (Sums.shape[1] % 8 != 0 || !Sums.is_contiguous() || !Rows.is_contiguous()) return false;
                using var result = empty([1], Result, Sums.device); // the sums themselves are int32
                return CudaKernel.CanRun(result) && Aligned(Sums) && Aligned(Columns) && (Bias is null || Aligned(Bias));
            }
        }

        public Tensor Launch()
        {
            var y = empty(Sums.shape, Result, Sums.device);
            nint sums = TensorMemory.Address(Sums), rows = TensorMemory.Address(Rows), columns = TensorMemory.Address(Columns);
            nint bias = Bias is null ? 0 : TensorMemory.Address(Bias), result = TensorMemory.Address(y);
            long vectors = Sums.numel() / 8;
            int width = (int)Sums.shape[1];
            void** arguments = stackalloc void*[] { &sums, &rows, &columns, &bias, &result, &vectors, &width };
            Kernel.Launch(y, "", (vectors + Threads - 1) / Threads, Threads, arguments);
            return y;
        }

        public Tensor Plain()
        {
            var y = Sums.to(ScalarType.Float32) * Rows.unsqueeze(-1) * Columns;
            return (Bias is null ? y : y + Bias.to(ScalarType.Float32)).to(Result);
        }

        private static bool Aligned(Tensor x) => Compilation.Rows.Aligned(TensorMemory.Address(x));
    }
}
