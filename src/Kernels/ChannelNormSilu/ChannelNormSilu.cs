using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>SiLU of the norm over the channels of each pixel, silu(x / |x| * sqrt(C) * gamma).</summary>
public static unsafe class ChannelNormSilu
{
    private const int Threads = 256, MostChannels = 1024;
    private static readonly CudaKernel Kernel = new("ChannelNormSilu.cu", "channel_norm_silu");

    /// <summary>Computes norm and SiLU.</summary>
    /// <param name="x">[B, C, T, H, W], any strides; fastest with the channels last in memory.</param>
    /// <param name="gamma">[C, 1, 1, 1], of the type of x.</param>
    public static Tensor Apply(Tensor x, Tensor gamma) => new Operation(x, gamma).Run();

    /// <summary>
    /// Returns whether a kernel supports this video: channels last and contiguous in memory, on a GPU in 16 bits, or on a CPU in vectors of
    /// 8.
    /// </summary>
    public static bool CanWriteInto(Tensor x)
    {
        if (!(CudaKernel.CanRun(x) || CpuChannelNormSilu.CanRun(x)) || x.shape[1] > MostChannels) return false;
        using var pixels = x.permute(0, 2, 3, 4, 1);
        return pixels.is_contiguous();
    }

    /// <summary>Writes norm and SiLU into <paramref name="result"/>. Call it only if <see cref="CanWriteInto"/> is true.</summary>
    /// <param name="x">[B, C, T, H, W]</param>
    /// <param name="gamma">[C, 1, 1, 1]</param>
    /// <param name="result">A tensor of the shape and strides of x.</param>
    public static void Apply(Tensor x, Tensor gamma, Tensor result)
    {
        if (x.device_type == TorchSharp.DeviceType.CPU) CpuChannelNormSilu.Write(x, gamma, result);
        else Launch(x, gamma, result, 1);
    }

    /// <summary>
    /// Writes norm and SiLU of a video on a GPU, where every frame is concatenated behind the frames before it. Call it only if
    /// <see cref="CanWriteInto"/> is true.
    /// </summary>
    /// <param name="x">[1, C, T, H, W]</param>
    /// <param name="gamma">[C, 1, 1, 1]</param>
    /// <param name="result">[1, T, H, W, taps * C], contiguous. The last C channels of a frame are its own, the others those of the frames
    /// before it. Channels of frames before the first are not written.</param>
    /// <param name="taps">Number of concatenated frames.</param>
    public static void ApplyConcatenated(Tensor x, Tensor gamma, Tensor result, int taps) => Launch(x, gamma, result, taps);

    /// <summary>Computes norm and SiLU with libtorch.</summary>
    /// <inheritdoc cref="Apply(Tensor, Tensor)"/>
    public static Tensor Plain(Tensor x, Tensor gamma) => Scoped(() => nn.functional.silu(Norm(x, gamma)));

    /// <summary>Computes the norm in float32.</summary>
    /// <param name="x">[B, C, ...]</param>
    /// <param name="gamma">[C, 1, ...]</param>
    public static Tensor Norm(Tensor x, Tensor gamma) => Scoped(() =>
    {
        var wide = x.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? x.to(ScalarType.Float32) : x;
        var length = linalg.vector_norm(wide, dims: [1], keepdim: true).clamp_min(1e-12);
        return (wide * (Math.Sqrt(x.shape[1]) / length) * gamma).to(x.dtype);
    });

    private static void Launch(Tensor video, Tensor gamma, Tensor result, int taps)
    {
        nint x = TensorMemory.Address(video), scale = TensorMemory.Address(gamma), y = TensorMemory.Address(result);
        int channels = (int)video.shape[1];
        var shape = RowShape.ForWarp(channels, channels % 8 == 0 && Rows.Aligned(x) && Rows.Aligned(scale) && Rows.Aligned(y));
        int pixelsPerBlock = Threads / shape.Lanes;
        long area = video.shape[3] * video.shape[4], pixels = video.shape[0] * video.shape[2] * area;
        float root = (float)Math.Sqrt(channels);
        void** arguments = stackalloc void*[] { &x, &scale, &y, &pixels, &area, &root };
        Kernel.Launch(
            video, shape.Constants(LinearPrecision.Plain, ("TAPS", taps)), (pixels + pixelsPerBlock - 1) / pixelsPerBlock, Threads,
            arguments);
    }

    private sealed record Operation(Tensor X, Tensor Gamma) : IFusedOperation<Tensor>
    {
        public bool CanLaunch => CanWriteInto(X) && Gamma.dtype == X.dtype;

        public Tensor Launch()
        {
            var y = empty([X.shape[0], X.shape[2], X.shape[3], X.shape[4], X.shape[1]], X.dtype, X.device).permute(0, 4, 1, 2, 3);
            Apply(X, Gamma, y);
            return y;
        }

        public Tensor Plain() => nn.functional.silu(Norm(X, Gamma));
    }
}
