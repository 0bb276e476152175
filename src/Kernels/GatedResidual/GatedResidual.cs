using Locutor.Kernels.Compilation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>x + y * gate, the sum in float32, rounded once to the type of x.</summary>
public static unsafe class GatedResidual
{
    private const int Threads = 256;
    private static readonly CudaKernel Kernel = new("GatedResidual.cu", "gated_residual");

    /// <param name="x">[B, L, C]</param>
    /// <param name="y">[B, L, C]</param>
    /// <param name="gate">[B or 1, 1, C], float32.</param>
    public static Tensor Apply(Tensor x, Tensor y, Tensor gate)
    {
        if (!CudaKernel.Takes(x, y) || x.shape[^1] % 8 != 0 || !x.is_contiguous() || !y.is_contiguous() || (is_grad_enabled() && gate.requires_grad)) return Plain(x, y, gate);
        using var scope = NewDisposeScope();
        var sum = empty(x.shape, x.dtype, x.device);
        nint from = TensorMemory.Address(x), add = TensorMemory.Address(y), times = TensorMemory.Address(gate.contiguous()), to = TensorMemory.Address(sum);
        if (!Rows.Aligned(from) || !Rows.Aligned(add) || !Rows.Aligned(times)) return Plain(x, y, gate).MoveToOuterDisposeScope();
        int width = (int)x.shape[^1];
        long vectors = x.numel() / 8, period = x.numel() / width / Math.Max(1, gate.numel() / width);
        void** arguments = stackalloc void*[] { &from, &add, &times, &period, &to, &vectors, &width };
        Kernel.Launch(x, "", (vectors + Threads - 1) / Threads, Threads, arguments);
        return sum.MoveToOuterDisposeScope();
    }

    /// <summary>The same in plain libtorch.</summary>
    public static Tensor Plain(Tensor x, Tensor y, Tensor gate)
    {
        using var scope = NewDisposeScope();
        return (x + y * gate).to(x.dtype).MoveToOuterDisposeScope();
    }
}
