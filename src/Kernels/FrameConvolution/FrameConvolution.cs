using Locutor.Kernels.Compilation;
using Locutor.Kernels.Devices;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Convolutions of channels-last videos with stride 1 on the tensor cores of a GPU, with float32 sums that are rounded once. They read
/// every frame at its place, so nothing is concatenated, padded or upsampled in memory.
/// </summary>
public static unsafe class FrameConvolution
{
    /// <summary>
    /// Outputs that a tile of the kernel computes. The number of outputs is a multiple of it, or at most <see cref="Few"/>.
    /// </summary>
    public const int Part = 96;

    /// <summary>Largest number of outputs that a tile has alone.</summary>
    public const int Few = 8;

    /// <summary>The number of inputs is a multiple of this.</summary>
    public const int Chunk = 32;

    private const int TileHeight = 16, TileWidth = 32, Threads = 384;
    private const int SharedBytes = 2 * 39936 + 21 * Part * Chunk * 2; // two patches, and the weights of 21 taps

    private static readonly CudaKernel Kernel = new("FrameConvolution.cu", "frame_convolution", SharedBytes, hopper: true);

    /// <summary>Returns whether a device has the kernel for convolutions of this size.</summary>
    /// <param name="device">Device of the network.</param>
    /// <param name="type">Type in which it computes.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    public static bool Serves(Device device, ScalarType type, long inputs, long outputs) =>
        device.type == TorchSharp.DeviceType.CUDA && Fits(inputs, outputs) && type is ScalarType.BFloat16 or ScalarType.Float16
            && !TorchOptions.Current.PlainKernels && CudaKernel.Available
            && GpuPaths.For(device) is { FusedKernels: true, FrameConvolution: true };

    /// <summary>Returns whether a device has the kernel for upsampling and a convolution of this size.</summary>
    /// <inheritdoc cref="Serves"/>
    public static bool ServesDoubling(Device device, ScalarType type, long inputs, long outputs) =>
        outputs % Part == 0 && Serves(device, type, inputs, outputs);

    /// <summary>Copies a weight to memory with its input channels last, as the kernel reads it.</summary>
    /// <param name="weight">[outputs, inputs, time, height, width]</param>
    /// <returns>Of the same shape.</returns>
    public static Tensor Arrange(Tensor weight) => Scoped(() => ChannelsLast(weight).contiguous().permute(0, 4, 1, 2, 3));

    /// <summary>
    /// Creates the weights of the four 2x2 convolutions that equal upsampling by 2 and a 3x3 convolution. Weights that meet the same input
    /// are added in float32.
    /// </summary>
    /// <param name="weight">[outputs, inputs, 3, 3]</param>
    /// <returns>[4 * outputs, inputs, 1, 2, 2], arranged; one block of outputs for each row and column modulo 2.</returns>
    public static Tensor ArrangePhases(Tensor weight) => Scoped(() =>
    {
        var wide = weight.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? weight.to(ScalarType.Float32) : weight;
        var phases = Halves(wide, 2).SelectMany(rows => Halves(rows, 3));
        return Arrange(cat([.. phases], 0).unsqueeze(2).to(weight.dtype));
    });

    /// <summary>Returns whether the kernel computes a convolution of this video.</summary>
    /// <param name="x">[B, C, T, H, W]</param>
    /// <param name="weight">An arranged weight.</param>
    public static bool CanRun(Tensor x, Tensor weight) =>
        x.dtype == weight.dtype && x.numel() > 0 && Fits(x.shape[1], weight.shape[0]) && IsChannelsLast(x) && IsChannelsLast(weight)
            && CudaKernel.CanRun(x) && GpuPaths.For(x.device).FrameConvolution;

    /// <summary>
    /// Computes a convolution that pads height and width with zeros, and time not at all. Call it only if <see cref="CanRun"/> is true.
    /// </summary>
    /// <param name="x">[B, C, time - 1 + T, H, W]</param>
    /// <param name="weight">[outputs, C, time, height, width], arranged; height and width are odd, at most 3.</param>
    /// <param name="bias">[outputs]</param>
    /// <returns>[B, outputs, T, H, W], channels last.</returns>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor bias) => Launch(x, weight, bias, Doubling.None);

    /// <summary>
    /// Computes the same convolution with the outputs of two frames: the first half of the channels is a frame, the second half the frame
    /// after it. Call it only if <see cref="CanRun"/> is true and half of the outputs are a multiple of <see cref="Part"/>.
    /// </summary>
    /// <inheritdoc cref="Apply"/>
    /// <returns>[B, outputs / 2, 2T, H, W], channels last.</returns>
    public static Tensor ApplyPairs(Tensor x, Tensor weight, Tensor bias) => Launch(x, weight, bias, Doubling.Time);

    /// <summary>
    /// Computes nearest upsampling by 2, followed by a 3x3 convolution padded with zeros, of every frame. Call it only if
    /// <see cref="CanRun"/> is true.
    /// </summary>
    /// <param name="x">[B, C, T, H, W]</param>
    /// <param name="phases">Result of <see cref="ArrangePhases"/>.</param>
    /// <param name="bias">[outputs]</param>
    /// <returns>[B, outputs, T, 2H, 2W], channels last.</returns>
    public static Tensor ApplyDoubling(Tensor x, Tensor phases, Tensor bias) => Launch(x, phases, bias, Doubling.Space);

    private static bool Fits(long inputs, long outputs) =>
        inputs > 0 && inputs % Chunk == 0 && outputs > 0 && (outputs % Part == 0 || outputs <= Few);

    private static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 4, 1);

    private static bool IsChannelsLast(Tensor x)
    {
        using var last = ChannelsLast(x);
        return last.is_contiguous() && Rows.Aligned(TensorMemory.Address(x));
    }

    /// <summary>
    /// Returns the two kernels of length 2 along an axis: output 2i reads inputs i - 1 and i, output 2i + 1 reads inputs i and i + 1.
    /// </summary>
    private static Tensor[] Halves(Tensor weight, int axis)
    {
        Tensor first = weight.narrow(axis, 0, 1), middle = weight.narrow(axis, 1, 1), last = weight.narrow(axis, 2, 1);
        return [cat([first, middle + last], axis), cat([first + middle, last], axis)];
    }

    private static Tensor Launch(Tensor x, Tensor weight, Tensor bias, Doubling doubling) => Scoped(() =>
    {
        int frames = checked((int)(x.shape[2] - weight.shape[2] + 1)), height = checked((int)x.shape[3]), width = checked((int)x.shape[4]);
        int times = doubling == Doubling.Time ? 2 : 1, scale = doubling == Doubling.Space ? 2 : 1;
        var y = empty(
            [x.shape[0], times * frames, scale * height, scale * width, bias.shape[0] / times], x.dtype, x.device);
        for (long item = 0; item < x.shape[0]; item++) Launch(x[item], weight, bias, y[item], (frames, height, width), doubling);
        return y.permute(0, 4, 1, 2, 3);
    });

    private static void Launch(
        Tensor x, Tensor weight, Tensor bias, Tensor y, (int Frames, int Height, int Width) size, Doubling doubling)
    {
        byte* memory = stackalloc byte[2 * CudaDriver.TensorMapBytes + CudaDriver.TensorMapAlignment];
        nint input = (nint)memory + CudaDriver.TensorMapAlignment - 1;
        input -= input % CudaDriver.TensorMapAlignment;
        nint taps = input + CudaDriver.TensorMapBytes;
        int inputs = (int)x.shape[0], outputs = (int)y.shape[3], part = outputs > Few ? Part : Few;
        int tall = (int)weight.shape[3], across = (int)weight.shape[4];
        long row = (long)size.Width * inputs, count = weight.shape[2] * tall * across;
        CudaDriver.MapTensor(
            input, x, [inputs, size.Width, size.Height, x.shape[1]], [inputs, row, size.Height * row],
            [Chunk, TileWidth + across - 1, TileHeight + tall - 1, 1]);
        CudaDriver.MapTensor(taps, weight, [inputs, weight.shape[0], count], [count * inputs, inputs], [Chunk, part, across]);
        nint add = TensorMemory.Address(bias), to = TensorMemory.Address(y);
        var (frames, height, width) = size;
        long places = (long)Parts(height, TileHeight) * Parts(width, TileWidth);
        int tiles = checked((int)(places * frames * Parts((int)weight.shape[0], part)));
        void** arguments = stackalloc void*[] { (void*)input, (void*)taps, &add, &to, &inputs, &outputs, &frames, &height, &width, &tiles };
        string constants = FormattableString.Invariant(
            $"#define FRAMES {weight.shape[2]}\n#define KERNEL_Y {tall}\n#define KERNEL_X {across}\n") +
            FormattableString.Invariant($"#define FEW {(part == Few ? 1 : 0)}\n#define DOUBLING {(int)doubling}\n");
        Kernel.Launch(x, constants, Math.Min(tiles, CudaDriver.MultiprocessorCount(x.device.index)), Threads, arguments);
    }

    private static int Parts(int length, int part) => (length + part - 1) / part;

    /// <summary>Which lengths of the output are twice those of the input.</summary>
    private enum Doubling
    {
        None = 0,
        Space = 1,
        Time = 2,
    }
}
