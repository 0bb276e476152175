using Locutor.Kernels.Arithmetic;
using Locutor.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Every convolution of the networks. On a CPU, the self test chooses the path: libtorch's convolution if it is correct on this CPU, else
/// the fastest correct one of <see cref="ConvolutionPaths"/>. On a GPU, libtorch's convolution is used; the autoencoder has a kernel where
/// the GPU runs it (<see cref="Kernels.FrameConvolution"/>).
/// </summary>
internal sealed class Convolution
{
    private readonly ConvolutionShape shape;
    private readonly ScalarType type;
    private readonly bool tested;
    private readonly string path;
    private string? pathWithGradients;

    /// <summary>Chooses the path for a shape.</summary>
    /// <param name="weight">[outputs, inputs / groups, kernel]; defines sizes, type and device.</param>
    /// <param name="strides">One for each axis; null: 1.</param>
    /// <param name="padding">Zeros on both sides of each axis; null: none.</param>
    /// <param name="groups">Number of groups.</param>
    /// <param name="channelsLast">Whether inputs have their channels last in memory.</param>
    public Convolution(Tensor weight, long[]? strides = null, long[]? padding = null, long groups = 1, bool channelsLast = false)
    {
        long[] kernel = weight.shape[2..];
        shape = new ConvolutionShape(
            weight.shape[1] * groups, weight.shape[0], kernel, strides ?? [.. kernel.Select(_ => 1L)],
            padding ?? [.. kernel.Select(_ => 0L)], groups, channelsLast);
        type = weight.dtype;
        tested = weight.device_type == DeviceType.CPU && ConvolutionCheck.Covers(type);
        path = Choose(gradients: false);
        if (weight.requires_grad) pathWithGradients = Choose(gradients: true);
    }

    /// <summary>
    /// Converts a weight or bias that is not trained to the form that the chosen path reads. Called once, when a network is loaded.
    /// </summary>
    public Tensor Prepare(Tensor parameter)
    {
        if (path != ConvolutionPaths.Padded || parameter.requires_grad) return parameter;
        using var inference = no_grad();
        var filled = ConvolutionPaths.Fill(parameter);
        return ReferenceEquals(filled, parameter) ? parameter : filled.DetachFromDisposeScope();
    }

    /// <summary>Computes the convolution.</summary>
    /// <param name="x">[B, inputs, lengths of the axes]</param>
    /// <param name="weight">[outputs, inputs / groups, kernel], or prepared.</param>
    /// <param name="bias">[outputs], or prepared.</param>
    /// <returns>[B, outputs, lengths of the axes]</returns>
    public Tensor Forward(Tensor x, Tensor weight, Tensor? bias)
    {
        if (!tested) return ConvolutionPaths.Run(ConvolutionPaths.Direct, shape, x, weight, bias);
        bool gradients = is_grad_enabled() && (x.requires_grad || weight.requires_grad);
        bool prepared = weight.shape[0] != shape.Outputs || weight.shape[1] * shape.Groups != shape.Inputs;
        string taken = prepared ? ConvolutionPaths.Padded : gradients ? pathWithGradients ??= Choose(gradients: true) : path;
        return ConvolutionPaths.Run(taken, shape, x, weight, bias);
    }

    private string Choose(bool gradients)
    {
        if (!tested) return ConvolutionPaths.Direct;
        var kind = new OperationKind("convolution", ConvolutionCheck.Name(type), gradients ? $"{shape}, with gradients" : shape.ToString());
        return SelfTest.On(CPU).PathOf(kind, ConvolutionCheck.Create(shape, type, gradients))
            ?? throw new WrongArithmeticException(
                $"this machine computes a {kind} wrongly on every path; '{TorchOptions.SelfTestVariable}=0' switches this test off");
    }
}
