using Locutor.Kernels.Compilation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>Adds an update to a residual: residual + x * gate. The sum is float32 and rounded once to the type of the residual.</summary>
public static class GatedResidual
{
    private const int Threads = 256;
    private static readonly CudaKernel Kernel = new("GatedResidual.cu", "gated_residual");

    /// <summary>Computes the sum.</summary>
    /// <param name="residual">[B, L, C]</param>
    /// <param name="x">[B, L, C]</param>
    /// <param name="gate">[B or 1, 1, C], float32.</param>
    /// <returns>[B, L, C]</returns>
    public static Tensor Apply(Tensor residual, Tensor x, Tensor gate) => new Operation(residual, x, gate).Run();

    /// <summary>Computes the sum with libtorch.</summary>
    /// <inheritdoc cref="Apply"/>
    public static Tensor Plain(Tensor residual, Tensor x, Tensor gate) => Scopes.Scoped(() => new Operation(residual, x, gate).Plain());

    private sealed unsafe record Operation(Tensor Residual, Tensor X, Tensor Gate) : IFusedOperation<Tensor>
    {
        public bool CanLaunch => CudaKernel.CanRun(Residual, X) && Residual.shape[^1] % 8 == 0 && !(is_grad_enabled() && Gate.requires_grad)
            && new[] { Residual, X }.All(tensor => tensor.is_contiguous() && Rows.Aligned(TensorMemory.Address(tensor)))
            && (!Gate.is_contiguous() || Rows.Aligned(TensorMemory.Address(Gate)));

        public Tensor Launch()
        {
            var sum = empty(Residual.shape, Residual.dtype, Residual.device);
            nint residual = TensorMemory.Address(Residual), x = TensorMemory.Address(X);
            nint gate = TensorMemory.Address(Gate.contiguous()), result = TensorMemory.Address(sum);
            int width = (int)Residual.shape[^1];
            long vectors = Residual.numel() / 8, rowsPerGate = Residual.numel() / width / Math.Max(1, Gate.numel() / width);
            void** arguments = stackalloc void*[] { &residual, &x, &gate, &rowsPerGate, &result, &vectors, &width };
            Kernel.Launch(Residual, "", (vectors + Threads - 1) / Threads, Threads, arguments);
            return sum;
        }

        public Tensor Plain() => (Residual + X * Gate).to(Residual.dtype);
    }
}
