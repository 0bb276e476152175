using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>RMS norm over whole rows, split into heads; with rotation factors, every pair of channels is rotated.</summary>
public static class RmsRotary
{
    /// <summary>Vectors for each thread: values stay in registers during a sum.</summary>
    private const int MostVectors = 4;

    private static readonly CudaKernel Kernel = new("RmsRotary.cu", "rms_rotary");

    /// <summary>Computes norm, heads and rotation.</summary>
    /// <param name="x">[B, L, C]</param>
    /// <param name="weight">[C], of the type of x.</param>
    /// <param name="eps">Added to the mean of squares.</param>
    /// <param name="rotary">Rotation factors, complex [L, D / 2] with D channels for each head; null rotates nothing.</param>
    /// <param name="heads">C / D.</param>
    /// <returns>[B, H, L, D], of the type of x.</returns>
    public static Tensor Apply(Tensor x, Tensor weight, double eps, Tensor? rotary, int heads) =>
        new Operation(x, weight, eps, rotary, heads).Run();

    /// <summary>Computes norm, heads and rotation with libtorch.</summary>
    /// <inheritdoc cref="Apply"/>
    public static Tensor Plain(Tensor x, Tensor weight, double eps, Tensor? rotary, int heads) =>
        Scoped(() => new Operation(x, weight, eps, rotary, heads).Plain());

    /// <summary>
    /// Computes x / sqrt(mean(x^2) + eps) * weight over the last axis; the mean is float32 (Zhang and Sennrich, arXiv:1910.07467).
    /// </summary>
    /// <param name="x">[..., C]</param>
    /// <param name="weight">[C]</param>
    /// <param name="eps">Added to the mean of squares.</param>
    public static Tensor Normalise(Tensor x, Tensor weight, double eps) => Scoped(() =>
    {
        var wide = x.to(ScalarType.Float32);
        var scale = wide.square().mean([-1], keepdim: true).add(eps).rsqrt();
        return (wide * scale).to(x.dtype) * weight;
    });

    /// <summary>Rotates every pair of neighbouring channels by a complex factor (Su et al., arXiv:2104.09864).</summary>
    /// <param name="x">[B, H, L, D]</param>
    /// <param name="rotary">Complex float32, [.., L, D / 2].</param>
    public static Tensor Rotate(Tensor x, Tensor rotary) => Scoped(() =>
    {
        var pairs = x.to(ScalarType.Float32).unflatten(x.dim() - 1, [x.shape[^1] / 2, 2]).contiguous().view_as_complex();
        return (pairs * rotary).view_as_real().flatten(-2).to(x.dtype);
    });

    private sealed unsafe record Operation(Tensor X, Tensor Weight, double Eps, Tensor? Rotary, int Heads) : IFusedOperation<Tensor>
    {
        public bool CanLaunch => CudaKernel.CanRun(X, Weight) && X.shape[^1] <= RowShape.Longest && X.shape[^1] / Heads % 8 == 0;

        public Tensor Launch()
        {
            var rows = Rows.From(X);
            var y = empty(X.shape, X.dtype, X.device);
            nint x = TensorMemory.Address(rows.Tensor), weight = TensorMemory.Address(Weight), rotary = Rotary is null
                ? 0
                : TensorMemory.Address(Rotary);
            nint result = TensorMemory.Address(y);
            long stride = rows.Stride;
            uint tokens = checked((uint)X.shape[1]);
            int head = rows.Width / Heads;
            var shape = RowShape.ForBlock(rows.Width, rows.Wide && Rows.Aligned(weight) && Rows.Aligned(rotary), MostVectors);
            float eps = (float)Eps;
            void** arguments = stackalloc void*[] { &x, &stride, &weight, &rotary, &tokens, &result, &eps };
            Kernel.Launch(
                X, shape.Constants(LinearPrecision.Plain, ("HEAD", head), ("TURNED", Rotary is null ? 0 : 1)), rows.Count, shape.Lanes,
                arguments);
            return y.unflatten(2, [Heads, head]).transpose(1, 2);
        }

        public Tensor Plain()
        {
            var heads = Normalise(X, Weight, Eps).unflatten(2, [Heads, X.shape[^1] / Heads]).transpose(1, 2); // [B, H, L, D]
            return Rotary is null ? heads : Rotate(heads, Rotary);
        }
    }
}
