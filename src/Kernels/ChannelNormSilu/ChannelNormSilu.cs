using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>silu(x / |x| * sqrt(C) * gamma) over the channels of one pixel.</summary>
public static unsafe class ChannelNormSilu
{
    private const int Threads = 256, MostChannels = 1024;
    private static readonly CudaKernel Kernel = new("ChannelNormSilu.cu", "channel_norm_silu");

    /// <param name="x">[B, C, T, H, W], any strides; fastest with the channels last in memory.</param>
    /// <param name="gamma">[C, 1, 1, 1], of the type of x.</param>
    public static Tensor Apply(Tensor x, Tensor gamma)
    {
        if (!CudaKernel.Takes(x) || gamma.dtype != x.dtype || x.shape[1] > MostChannels) return Plain(x, gamma);
        using var scope = NewDisposeScope();
        var pixels = x.permute(0, 2, 3, 4, 1); // [B, T, H, W, C]
        if (!pixels.is_contiguous()) return Plain(x, gamma).MoveToOuterDisposeScope();
        var y = empty(pixels.shape, x.dtype, x.device);
        nint from = CudaKernel.Address(pixels), times = CudaKernel.Address(gamma), to = CudaKernel.Address(y);
        int channels = (int)x.shape[1];
        var shape = RowShape.OfWarp(channels, channels % 8 == 0 && Rows.Aligned(from) && Rows.Aligned(times));
        int pixelsOfBlock = Threads / shape.Lanes;
        long count = pixels.numel() / Math.Max(1, channels);
        float root = (float)Math.Sqrt(channels);
        void** arguments = stackalloc void*[] { &from, &times, &to, &count, &root };
        Kernel.Launch(x.device.index, shape.Constants(LinearPrecision.Plain), (count + pixelsOfBlock - 1) / pixelsOfBlock, Threads, arguments);
        return y.permute(0, 4, 1, 2, 3).MoveToOuterDisposeScope();
    }

    /// <summary>The same in plain libtorch.</summary>
    public static Tensor Plain(Tensor x, Tensor gamma)
    {
        using var scope = NewDisposeScope();
        return nn.functional.silu(Norm(x, gamma)).MoveToOuterDisposeScope();
    }

    /// <summary>The norm alone, in float32.</summary>
    /// <param name="x">[B, C, ...]</param>
    public static Tensor Norm(Tensor x, Tensor gamma)
    {
        using var scope = NewDisposeScope();
        var wide = x.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? x.to(ScalarType.Float32) : x;
        var length = linalg.vector_norm(wide, dims: [1], keepdim: true).clamp_min(1e-12);
        return (wide * (Math.Sqrt(x.shape[1]) / length) * gamma).to(x.dtype).MoveToOuterDisposeScope();
    }
}
