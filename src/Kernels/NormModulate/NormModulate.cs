using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Layer norm over the last axis with scale and shift, norm(x) * scale + shift, quantised for the next matrix product. It is computed in
/// float32 and rounded once. The kernel can add an update to a residual first.
/// </summary>
public static class NormModulate
{
    /// <summary>Vectors for each thread: values stay in registers during two sums.</summary>
    private const int MostVectors = 4;

    private static readonly CudaKernel Kernel = new("NormModulate.cu", "norm_modulate");

    /// <summary>Computes norm(x) * scale + shift.</summary>
    /// <param name="x">[B, L, C]</param>
    /// <param name="scale">[B or 1, 1, C], float32.</param>
    /// <param name="shift">[B or 1, 1, C], float32.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="precision">Precision of the result.</param>
    public static Activations Apply(Tensor x, Tensor scale, Tensor shift, double eps, LinearPrecision precision) =>
        new Operation(x, scale, shift, eps, precision).Run();

    /// <summary>
    /// Computes residual + x * gate, rounded once to the type of the residual, and the norm of the sum; the kernel does not read the sum
    /// again.
    /// </summary>
    /// <param name="residual">[B, L, C]</param>
    /// <param name="x">[B, L, C]</param>
    /// <param name="gate">[B or 1, 1, C], float32, or null for 1.</param>
    /// <param name="scale">[B or 1, 1, C], float32.</param>
    /// <param name="shift">[B or 1, 1, C], float32.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="precision">Precision of the norm.</param>
    public static (Tensor Sum, Activations Normed) AfterResidual(
        Tensor residual, Tensor x, Tensor? gate, Tensor scale, Tensor shift, double eps, LinearPrecision precision)
    {
        var result = new ResidualOperation(residual, x, gate, new(residual, scale, shift, eps, precision)).Run();
        return (result.Sum, result.Normed);
    }

    /// <summary>Computes norm(x) * scale + shift with libtorch.</summary>
    /// <inheritdoc cref="Apply"/>
    public static Activations Plain(Tensor x, Tensor scale, Tensor shift, double eps, LinearPrecision precision) =>
        Scopes.Scoped(() => new Operation(x, scale, shift, eps, precision).Plain());

    private static unsafe NormedSum Launch(Operation norm, Tensor? x, Tensor? gate)
    {
        var rows = Rows.From(norm.X);
        var sum = x is null ? norm.X : empty(norm.X.shape, norm.X.dtype, norm.X.device);
        var y = RowsOut.CreateLike(norm.X, norm.Precision);
        nint from = TensorMemory.Address(rows.Tensor), update = x is null ? 0 : TensorMemory.Address(x);
        nint gates = gate is null ? 0 : TensorMemory.Address(gate.contiguous()), sums = TensorMemory.Address(sum);
        nint scale = TensorMemory.Address(norm.Scale.contiguous()), shift = TensorMemory.Address(norm.Shift.contiguous());
        nint result = TensorMemory.Address(y.Values), scales = y.ScalesAddress;
        long stride = rows.Stride;
        uint rowsPerScale = RowsPer(norm.Scale, rows), rowsPerGate = gate is null ? 1 : RowsPer(gate, rows);
        bool wide = rows.Wide && Rows.Aligned(update) && Rows.Aligned(gates) && Rows.Aligned(scale) && Rows.Aligned(shift);
        var shape = RowShape.ForBlock(rows.Width, wide, MostVectors);
        float eps = (float)norm.Eps;
        void** arguments = stackalloc void*[]
        {
            &from, &stride, &update, &gates, &rowsPerGate, &sums, &scale, &shift, &rowsPerScale, &result, &scales, &eps
        };
        Kernel.Launch(
            norm.X, shape.Constants(norm.Precision, ("RESIDUAL", x is null ? 0 : gate is null ? 1 : 2)), rows.Count, shape.Lanes,
            arguments);
        return new(sum, y.Activations);
    }

    /// <summary>Number of rows that share one row of parameters.</summary>
    private static uint RowsPer(Tensor parameters, Rows rows) =>
        checked((uint)Math.Max(1, rows.Count / Math.Max(1, parameters.numel() / rows.Width)));

    private sealed record Operation(Tensor X, Tensor Scale, Tensor Shift, double Eps, LinearPrecision Precision)
        : IFusedOperation<Activations>
    {
        public bool CanLaunch =>
            CudaKernel.CanRun(X) && X.shape[^1] <= RowShape.Longest && !(is_grad_enabled() && (Scale.requires_grad || Shift.requires_grad));

        public Activations Launch() => NormModulate.Launch(this, null, null).Normed;

        public Activations Plain()
        {
            var wide = X.dtype == ScalarType.Float32 ? X : X.to(ScalarType.Float32);
            var y = addcmul(Shift, nn.functional.layer_norm(wide, [X.shape[^1]], null, null, Eps), Scale, 1).to(X.dtype);
            return Activations.CreatePlain(y, Precision);
        }
    }

    private sealed record ResidualOperation(Tensor Residual, Tensor X, Tensor? Gate, Operation Norm) : IFusedOperation<NormedSum>
    {
        public bool CanLaunch =>
            Norm.CanLaunch && CudaKernel.CanRun(Residual, X) && X.is_contiguous()
                && !(is_grad_enabled() && Gate is { requires_grad: true });

        public NormedSum Launch() => NormModulate.Launch(Norm, X, Gate);

        public NormedSum Plain()
        {
            var sum = Gate is null ? Residual + X : GatedResidual.Apply(Residual, X, Gate);
            return new(sum, (Norm with { X = sum }).Run());
        }
    }

    private sealed record NormedSum(Tensor Sum, Activations Normed) : ITensorGroup
    {
        public IEnumerable<Tensor> Tensors => [Sum, .. Normed.Tensors];
    }
}
