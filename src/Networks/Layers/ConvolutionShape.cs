using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>Sizes of a convolution over one to three axes.</summary>
/// <param name="Inputs">Channels of all groups.</param>
/// <param name="Outputs">Channels of all groups.</param>
/// <param name="Kernel">One length for each axis.</param>
/// <param name="Strides">One for each axis.</param>
/// <param name="Padding">Zeros on both sides of each axis.</param>
/// <param name="Groups">Number of groups.</param>
/// <param name="ChannelsLast">Whether the input's channels are last in memory, which selects other routines.</param>
internal sealed record ConvolutionShape(
    long Inputs, long Outputs, long[] Kernel, long[] Strides, long[] Padding, long Groups, bool ChannelsLast)
{
    /// <summary>Number of axes.</summary>
    public int Axes => Kernel.Length;

    /// <summary>Returns the length of each input axis that gives so many outputs.</summary>
    public long[] InputLengths(long[] outputs) =>
        [.. outputs.Select((count, axis) => (count - 1) * Strides[axis] + Kernel[axis] - 2 * Padding[axis])];

    /// <summary>Returns the length of each output axis.</summary>
    public long[] OutputLengths(Tensor x) =>
        [.. Kernel.Select((length, axis) => (x.shape[axis + 2] + 2 * Padding[axis] - length) / Strides[axis] + 1)];

    public override string ToString()
    {
        string text = $"{By(Kernel)}, {Inputs} to {Outputs} channels";
        if (Groups > 1) text += $", {Groups} groups";
        if (Strides.Any(stride => stride > 1)) text += $", stride {By(Strides)}";
        if (Padding.Any(zeros => zeros > 0)) text += $", padding {By(Padding)}";
        return ChannelsLast ? text + ", channels last" : text;
    }

    private static string By(long[] lengths) => string.Join('x', lengths);
}
