using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
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
        if (!CanWriteInto(x) || gamma.dtype != x.dtype) return Plain(x, gamma);
        using var scope = NewDisposeScope();
        var y = empty([x.shape[0], x.shape[2], x.shape[3], x.shape[4], x.shape[1]], x.dtype, x.device).permute(0, 4, 1, 2, 3);
        Apply(x, gamma, y);
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>Whether a kernel takes that video: channels last in memory without gaps, on a GPU at 16 bits or on a processor in vectors of 8.</summary>
    public static bool CanWriteInto(Tensor x)
    {
        if (!(CudaKernel.Takes(x) || CpuChannelNormSilu.Takes(x)) || x.shape[1] > MostChannels) return false;
        using var pixels = x.permute(0, 2, 3, 4, 1);
        return pixels.is_contiguous();
    }

    /// <summary>The same, written into <paramref name="into"/>, of the shape and strides of x. Ask <see cref="CanWriteInto"/> first.</summary>
    public static void Apply(Tensor x, Tensor gamma, Tensor into)
    {
        if (x.device_type == TorchSharp.DeviceType.CPU) CpuChannelNormSilu.Write(x, gamma, into);
        else Write(x, gamma, into, 1);
    }

    /// <summary>The same of one video on a GPU, where each frame gets itself and the frames before it side by side. Ask <see cref="CanWriteInto"/> first.</summary>
    /// <param name="x">[1, C, T, H, W]</param>
    /// <param name="into">[1, T, H, W, taps * C] without gaps: the last C of a frame are its own, those before are of the frames before it. What would be of frames before the first is left alone.</param>
    public static void ApplyConcatenated(Tensor x, Tensor gamma, Tensor into, int taps) => Write(x, gamma, into, taps);

    private static void Write(Tensor x, Tensor gamma, Tensor into, int taps)
    {
        nint from = TensorMemory.Address(x), times = TensorMemory.Address(gamma), to = TensorMemory.Address(into);
        int channels = (int)x.shape[1];
        var shape = RowShape.ForWarp(channels, channels % 8 == 0 && Rows.Aligned(from) && Rows.Aligned(times) && Rows.Aligned(to));
        int pixelsOfBlock = Threads / shape.Lanes;
        long area = x.shape[3] * x.shape[4], count = x.shape[0] * x.shape[2] * area;
        float root = (float)Math.Sqrt(channels);
        void** arguments = stackalloc void*[] { &from, &times, &to, &count, &area, &root };
        Kernel.Launch(x, shape.Constants(LinearPrecision.Plain, ("TAPS", taps)), (count + pixelsOfBlock - 1) / pixelsOfBlock, Threads, arguments);
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
