using Locutor.Kernels.Arithmetic;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>Compares the paths of a convolution with the same convolution in float64.</summary>
internal static class ConvolutionCheck
{
    private const long Batch = 2; // libtorch computes small batches of one without oneDNN
    private const long MostTimedChannels = 256;

    /// <summary>Returns whether convolutions of that type are tested; libtorch computes float64 without oneDNN.</summary>
    public static bool Covers(ScalarType type) => type is ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Float32;

    /// <summary>Returns the name of a type in reports.</summary>
    public static string Name(ScalarType type) => type.ToString().ToLowerInvariant();

    /// <summary>Creates the check of a shape.</summary>
    /// <param name="shape">Sizes of the convolution.</param>
    /// <param name="type">Type of input and weight.</param>
    /// <param name="gradients">Whether the gradients of input and weight are compared too.</param>
    public static OperationCheck Create(ConvolutionShape shape, ScalarType type, bool gradients)
    {
        double tolerance = type switch { ScalarType.Float32 => 1e-4, ScalarType.Float16 => 0.01, _ => 0.03 };
        var paths = Names(shape, type, gradients).Select(
            name => new OperationPath(name, inputs => Run(name, shape, inputs, gradients))
            {
                IsLastResort = name == ConvolutionPaths.WithoutOneDnn
            });
        bool small = Math.Max(shape.Inputs, shape.Outputs) < MostTimedChannels;
        return new OperationCheck(
            tolerance, () => Inputs(shape, type, Lengths(shape.Axes)), inputs => Exact(shape, inputs, gradients), [.. paths])
        {
            TimedInputs = small ? () => Inputs(shape, type, LongerLengths(shape.Axes)) : null,
        };
    }

    private static IEnumerable<string> Names(ConvolutionShape shape, ScalarType type, bool gradients)
    {
        yield return ConvolutionPaths.Direct;
        if (shape.Groups == 1) yield return ConvolutionPaths.Padded;
        yield return ConvolutionPaths.MatrixProduct;
        if (!gradients) yield return ConvolutionPaths.WithoutOneDnn; // a backward pass runs later, when oneDNN is on again
        if (type != ScalarType.Float32) yield return ConvolutionPaths.Float32;
    }

    private static long[] Lengths(int axes) => axes switch { 1 => [16], 2 => [4, 4], _ => [2, 4, 4] };

    private static long[] LongerLengths(int axes) => axes switch { 1 => [512], 2 => [24, 24], _ => [4, 16, 16] };

    /// <summary>Draws input, weight, bias, and the gradient of the result.</summary>
    private static Tensor[] Inputs(ConvolutionShape shape, ScalarType type, long[] outputs)
    {
        using var generator = new Generator(11, CPU);
        long[] lengths = shape.InputLengths(outputs);
        double deviation = 1 / Math.Sqrt(shape.Kernel.Aggregate(shape.Inputs / shape.Groups, (product, length) => product * length));
        var x = Normal([Batch, .. lengths, shape.Inputs]);
        long[] order = [0, lengths.Length + 1, .. Enumerable.Range(1, lengths.Length).Select(axis => (long)axis)];
        var plain = x.permute(order);
        return
        [
            shape.ChannelsLast ? plain : plain.contiguous(),
            Normal([shape.Outputs, shape.Inputs / shape.Groups, .. shape.Kernel], deviation),
            Normal([shape.Outputs]),
            Normal([Batch, shape.Outputs, .. outputs]),
        ];

        Tensor Normal(long[] size, double scale = 1) => (randn(size, ScalarType.Float32, CPU, generator: generator) * scale).to(type);
    }

    private static Tensor[] Exact(ConvolutionShape shape, Tensor[] inputs, bool gradients) =>
        Run(ConvolutionPaths.Direct, shape, [.. inputs.Select(input => input.to(ScalarType.Float64))], gradients);

    private static Tensor[] Run(string path, ConvolutionShape shape, Tensor[] inputs, bool gradients)
    {
        using var mode = set_grad_enabled(gradients);
        var (x, weight) = (inputs[0], inputs[1]);
        if (gradients) (x, weight) = (x.detach().requires_grad_(true), weight.detach().requires_grad_(true));
        var y = ConvolutionPaths.Run(path, shape, x, weight, inputs[2]);
        if (!gradients) return [y];
        var found = autograd.grad([y], [x, weight], [inputs[3]]);
        return [y.detach(), found[0], found[1]];
    }
}
