using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>Layer norm over the last axis, times a factor, plus an offset, and quantised where the reader wants bytes; all in float32, rounded once.</summary>
public static unsafe class NormModulate
{
    /// <summary>Vectors of a thread: values are held through two sums.</summary>
    private const int MostVectors = 4;

    private static readonly CudaKernel Kernel = new("NormModulate.cu", "norm_modulate");

    /// <param name="x">[B, L, C]</param>
    /// <param name="factor">[B or 1, 1, C], float32.</param>
    /// <param name="offset">Of the same shape.</param>
    public static Activations Apply(Tensor x, Tensor factor, Tensor offset, double epsilon, LinearPrecision precision) =>
        Takes(x, factor, offset) ? Launched(x, null, null, factor, offset, epsilon, precision).Normed : Plain(x, factor, offset, epsilon, precision);

    /// <summary>x + y, or x + y * gate, rounded once to the type of x, and the norm of that; a kernel writes both without reading the sum again.</summary>
    /// <param name="x">[B, L, C]</param>
    /// <param name="y">[B, L, C]</param>
    /// <param name="gate">[B or 1, 1, C], float32, or null for 1.</param>
    /// <param name="factor">[B or 1, 1, C], float32.</param>
    /// <param name="offset">Of the same shape.</param>
    public static (Tensor Sum, Activations Normed) AfterResidual(Tensor x, Tensor y, Tensor? gate, Tensor factor, Tensor offset, double epsilon, LinearPrecision precision)
    {
        if (Takes(x, factor, offset) && CudaKernel.Takes(x, y) && y.is_contiguous() && !(is_grad_enabled() && gate is { requires_grad: true })) return Launched(x, y, gate, factor, offset, epsilon, precision);
        var sum = gate is null ? x + y : GatedResidual.Apply(x, y, gate);
        return (sum, Apply(sum, factor, offset, epsilon, precision));
    }

    private static bool Takes(Tensor x, Tensor factor, Tensor offset) =>
        CudaKernel.Takes(x) && x.shape[^1] <= RowShape.Longest && !(is_grad_enabled() && (factor.requires_grad || offset.requires_grad));

    /// <returns>The sum is x itself where there is no y.</returns>
    private static (Tensor Sum, Activations Normed) Launched(Tensor x, Tensor? y, Tensor? gate, Tensor factor, Tensor offset, double epsilon, LinearPrecision precision)
    {
        using var scope = NewDisposeScope();
        var rows = Rows.From(x);
        var sum = y is null ? x : empty(x.shape, x.dtype, x.device);
        var made = RowsOut.CreateLike(x, precision);
        nint from = TensorMemory.Address(rows.Tensor), add = y is null ? 0 : TensorMemory.Address(y), gates = gate is null ? 0 : TensorMemory.Address(gate.contiguous()), kept = TensorMemory.Address(sum);
        nint times = TensorMemory.Address(factor.contiguous()), plus = TensorMemory.Address(offset.contiguous()), to = TensorMemory.Address(made.Values), beside = made.ScalesAddress;
        long stride = rows.Stride;
        uint period = Period(rows, factor), gatePeriod = gate is null ? 1 : Period(rows, gate);
        var shape = RowShape.ForBlock(rows.Width, rows.Wide && Rows.Aligned(add) && Rows.Aligned(gates) && Rows.Aligned(times) && Rows.Aligned(plus), MostVectors);
        float small = (float)epsilon;
        void** arguments = stackalloc void*[] { &from, &stride, &add, &gates, &gatePeriod, &kept, &times, &plus, &period, &to, &beside, &small };
        Kernel.Launch(x, shape.Constants(precision, ("RESIDUAL", y is null ? 0 : gate is null ? 1 : 2)), rows.Count, shape.Lanes, arguments);
        return (y is null ? x : sum.MoveToOuterDisposeScope(), made.Activations.ToOuterScope());
    }

    /// <summary>Rows that share a row of parameters.</summary>
    private static uint Period(Rows rows, Tensor parameters) => checked((uint)Math.Max(1, rows.Count / Math.Max(1, parameters.numel() / rows.Width)));

    /// <summary>The same in plain libtorch.</summary>
    public static Activations Plain(Tensor x, Tensor factor, Tensor offset, double epsilon, LinearPrecision precision)
    {
        using var scope = NewDisposeScope();
        var wide = x.dtype == ScalarType.Float32 ? x : x.to(ScalarType.Float32);
        var y = addcmul(offset, nn.functional.layer_norm(wide, [x.shape[^1]], null, null, epsilon), factor, 1).to(x.dtype);
        return precision == LinearPrecision.Plain ? new Activations(y.MoveToOuterDisposeScope(), null) : Activations.Create(RowQuantiser.Quantise(y, precision)).ToOuterScope();
    }
}
