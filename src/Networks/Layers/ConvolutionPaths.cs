using System.Runtime.InteropServices;
using Locutor.Kernels.Arithmetic;
using Locutor.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.Layers;

/// <summary>
/// Several ways to compute one convolution on a CPU, with gradients. Some CPUs need them because oneDNN computes wrong results there.
/// </summary>
internal static class ConvolutionPaths
{
    public const string Direct = "oneDNN", Padded = "padded channels", MatrixProduct = "matrix product",
        WithoutOneDnn = "without oneDNN", Float32 = "float32";

    /// <summary>oneDNN packs channels in lanes of 16; on some processors it leaves garbage in lanes that are not filled.</summary>
    private const int Lanes = 16;

    /// <summary>Multiplications from which oneDNN is faster than libtorch's product of an unfolded input; half a millisecond.</summary>
    private const double LargeProducts = 50e6;

    /// <summary>Number of unfolded values that are multiplied at once; bounds the memory.</summary>
    private const long PatchValuesAtOnce = 1 << 24;

    /// <summary>Computes the convolution on one path.</summary>
    /// <param name="path">Name of the path.</param>
    /// <param name="shape">Sizes of the convolution.</param>
    /// <param name="x">[B, inputs, lengths of the axes]</param>
    /// <param name="weight">[outputs, inputs / groups, kernel], or the result of <see cref="Fill"/>.</param>
    /// <param name="bias">[outputs]</param>
    public static Tensor Run(string path, ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias) => path switch
    {
        Padded => WithFilledLanes(shape, x, weight, bias),
        MatrixProduct => AsMatrixProduct(shape, x, weight, bias),
        WithoutOneDnn => OneDnn.Without(() => Library(shape, x, weight, bias)),
        Float32 => InFloat32(shape, x, weight, bias),
        _ => Library(shape, x, weight, bias),
    };

    /// <summary>
    /// Pads the channels of a weight or bias with zeros to whole lanes; returns it unchanged if no lane is partly filled.
    /// </summary>
    public static Tensor Fill(Tensor parameter)
    {
        long outputs = Missing(parameter.shape[0]), inputs = parameter.dim() > 1 ? Missing(parameter.shape[1]) : 0;
        if (outputs == 0 && inputs == 0) return parameter;
        long[] before = [.. Enumerable.Repeat(0L, 2 * (int)Math.Max(0, parameter.dim() - 2))];
        return pad(parameter, parameter.dim() > 1 ? [.. before, 0, inputs, 0, outputs] : [0, outputs]);
    }

    /// <summary>Calls libtorch's convolution: oneDNN for most shapes on a CPU, cuDNN on a GPU.</summary>
    private static Tensor Library(ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias)
    {
        var y = shape.Axes switch
        {
            1 => conv1d(x, weight, bias, shape.Strides[0], shape.Padding[0], groups: shape.Groups),
            2 => conv2d(x, weight, bias, shape.Strides, shape.Padding, groups: shape.Groups),
            _ when bias is not null && IsMissedByLibtorch(shape, x, weight) =>
                TorchScripts.OneDnnConvolution(x, weight, bias, shape.Padding),
            _ => conv3d(x, weight, bias, shape.Strides, shape.Padding, groups: shape.Groups),
        };
        return InjectedFault.Corrupt(y, weight.shape[1], weight.shape[0] / shape.Groups);
    }

    /// <summary>
    /// Whether libtorch would not use oneDNN for a convolution that is large enough to be faster with it: libtorch looks at the first four
    /// lengths alone. Reference: pytorch/pytorch, aten/src/ATen/native/Convolution.cpp, use_mkldnn, at v2.10.0.
    /// </summary>
    private static bool IsMissedByLibtorch(ConvolutionShape shape, Tensor x, Tensor weight)
    {
        if (RuntimeInformation.ProcessArchitecture is not Architecture.X64) return false; // other libtorches may lack oneDNN
        if (x.dtype != ScalarType.Float32 || x.device_type != TorchSharp.DeviceType.CPU || !OneDnn.IsOn || is_grad_enabled()) return false;
        if (shape.Groups != 1 || shape.Strides.Any(stride => stride != 1)) return false;
        long[] lengths = x.shape;
        return lengths[0] == 1 && lengths[1] * lengths[2] * lengths[3] <= 20_480
            && (double)lengths[2] * lengths[3] * lengths[4] * weight.numel() > LargeProducts;
    }

    private static Tensor WithFilledLanes(ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        long missing = Missing(x.shape[1]);
        long[] before = [.. Enumerable.Repeat(0L, 2 * shape.Axes)];
        var y = Library(shape, missing == 0 ? x : pad(x, [.. before, 0, missing]), Fill(weight), bias is null ? null : Fill(bias));
        return y.narrow(1, 0, shape.Outputs).MoveToOuterDisposeScope();
    }

    private static Tensor InFloat32(ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        return Library(shape, x.to(ScalarType.Float32), weight.to(ScalarType.Float32), bias?.to(ScalarType.Float32)).to(x.dtype)
            .MoveToOuterDisposeScope();
    }

    private static Tensor AsMatrixProduct(ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        long[] lengths = shape.OutputLengths(x);
        var windows = shape.Padding.Any(zeros => zeros > 0)
            ? pad(x, [.. shape.Padding.Reverse().SelectMany(zeros => new[] { zeros, zeros })])
            : x;
        // [B, C, lengths, kernel]
        for (int axis = 0; axis < shape.Axes; axis++) windows = windows.unfold(axis + 2, shape.Kernel[axis], shape.Strides[axis]);
        long slice = x.shape[0] * lengths[1..].Aggregate(weight[0].numel() * shape.Groups, (product, length) => product * length);
        long atOnce = Math.Max(1, PatchValuesAtOnce / Math.Max(1, slice));
        var parts = new List<Tensor>();
        for (long start = 0; start < lengths[0]; start += atOnce)
            parts.Add(Multiply(shape, windows.narrow(2, start, Math.Min(atOnce, lengths[0] - start)), weight, bias));
        return (parts.Count == 1 ? parts[0] : cat(parts, 2)).MoveToOuterDisposeScope();
    }

    /// <param name="windows">[B, C, lengths, kernel]</param>
    /// <returns>[B, outputs, lengths], channels last in memory.</returns>
    private static Tensor Multiply(ConvolutionShape shape, Tensor windows, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        int axes = shape.Axes;
        long[] lengths = windows.shape[2..(2 + axes)];
        var grouped = windows.unflatten(1, [shape.Groups, shape.Inputs / shape.Groups]); // [B, G, C / G, lengths, kernel]
        long[] order =
        [
            1, 0, .. Enumerable.Range(3, axes).Select(axis => (long)axis), 2, .. Enumerable.Range(3 + axes, axes).Select(axis => (long)axis)
        ];
        var patches = grouped.permute(order).flatten(2 + axes).flatten(1, 1 + axes); // [G, B * lengths, C / G * kernel]
        // [B * lengths, outputs]
        var y = shape.Groups == 1 ? linear(patches[0], weight.flatten(1), bias) : GroupProducts(shape, patches, weight, bias);
        long[] back = [0, axes + 1, .. Enumerable.Range(1, axes).Select(axis => (long)axis)];
        return y.view([windows.shape[0], .. lengths, shape.Outputs]).permute(back).MoveToOuterDisposeScope();
    }

    private static Tensor GroupProducts(ConvolutionShape shape, Tensor patches, Tensor weight, Tensor? bias)
    {
        var matrices = weight.flatten(1).unflatten(0, [shape.Groups, shape.Outputs / shape.Groups]).transpose(1, 2);
        var y = patches.matmul(matrices).transpose(0, 1).flatten(1);
        return bias is null ? y : y + bias;
    }

    private static long Missing(long channels) => (Lanes - channels % Lanes) % Lanes;
}
