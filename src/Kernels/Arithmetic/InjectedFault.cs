using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels.Arithmetic;

/// <summary>Kind of fault in the results of convolutions.</summary>
public enum ConvolutionFault
{
    /// <summary>No fault.</summary>
    None,

    /// <summary>Gradients are wrong.</summary>
    Gradients,

    /// <summary>Results, and therefore gradients, are wrong; some are not finite.</summary>
    Results,
}

/// <summary>
/// A hook for tests. It imitates a CPU on which oneDNN leaves garbage in padded lanes, and corrupts every convolution whose input or output
/// channels are not a multiple of 16. It is off unless a test or <see cref="TorchOptions.InjectedFault"/> switches it on.
/// </summary>
public static class InjectedFault
{
    private const int Lanes = 16;
    private static readonly AsyncLocal<ConvolutionFault?> Chosen = new();

    /// <summary>Fault of the calling code.</summary>
    public static ConvolutionFault Convolutions => Chosen.Value ?? TorchOptions.Current.InjectedFault switch
    {
        "convolution" => ConvolutionFault.Results,
        "convolution-gradients" => ConvolutionFault.Gradients,
        _ => ConvolutionFault.None,
    };

    /// <summary>Injects a fault, or none, into the calling code until the result is disposed.</summary>
    public static IDisposable Inject(ConvolutionFault fault)
    {
        var before = Chosen.Value;
        Chosen.Value = fault;
        return new Restored(before);
    }

    /// <summary>Returns the result of a convolution as such a CPU computes it.</summary>
    /// <param name="y">Correct result of oneDNN.</param>
    /// <param name="inputs">Input channels of one group.</param>
    /// <param name="outputs">Output channels of one group.</param>
    public static Tensor Corrupt(Tensor y, long inputs, long outputs)
    {
        var fault = Convolutions;
        if (fault == ConvolutionFault.None || !OneDnn.IsOn || (inputs % Lanes == 0 && outputs % Lanes == 0) || y.numel() == 0) return y;
        if (y.device_type != TorchSharp.DeviceType.CPU || y.dtype == ScalarType.Float64) return y; // oneDNN does not compute these
        using var scope = NewDisposeScope();
        var garbage = y - y.roll(1, 1) * 0.5; // every lane contains a part of its neighbour
        if (fault == ConvolutionFault.Gradients) return (y.detach() + garbage - garbage.detach()).MoveToOuterDisposeScope();
        var once = zeros(y.shape, y.dtype, y.device);
        once.view(-1)[0] = float.NaN;
        return (garbage + once).MoveToOuterDisposeScope();
    }

    private sealed class Restored(ConvolutionFault? before) : IDisposable
    {
        public void Dispose() => Chosen.Value = before;
    }
}
