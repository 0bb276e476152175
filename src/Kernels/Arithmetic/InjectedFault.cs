using static TorchSharp.torch;

namespace Locutor.Kernels.Arithmetic;

/// <summary>Which results of convolutions are spoilt.</summary>
public enum ConvolutionFault
{
    None,

    /// <summary>Gradients alone.</summary>
    Gradients,

    /// <summary>Results, some of them not finite, and therefore gradients too.</summary>
    Results,
}

/// <summary>
/// A hook for tests: imitates a processor on which oneDNN leaves garbage in the lanes that it pads. It spoils every convolution of a
/// CPU whose input or output channels are no multiple of 16, in every type. Off unless a test or <see cref="Variable"/> switches it on.
/// </summary>
public static class InjectedFault
{
    /// <summary>Environment variable for tests in another process: <c>convolution</c> or <c>convolution-gradients</c>.</summary>
    public const string Variable = "LOCUTOR_INJECTED_FAULT";

    private const int Lanes = 16;
    private static readonly AsyncLocal<ConvolutionFault?> Chosen = new();
    private static readonly ConvolutionFault Everywhere = Environment.GetEnvironmentVariable(Variable) switch
    {
        "convolution" => ConvolutionFault.Results,
        "convolution-gradients" => ConvolutionFault.Gradients,
        _ => ConvolutionFault.None,
    };

    private static bool possible = Everywhere != ConvolutionFault.None;

    /// <summary>The fault where the caller runs.</summary>
    public static ConvolutionFault Convolutions => possible ? Chosen.Value ?? Everywhere : ConvolutionFault.None;

    /// <summary>Injects a fault, or none, into what the caller runs until the answer is disposed.</summary>
    public static IDisposable Inject(ConvolutionFault fault)
    {
        possible = true;
        var before = Chosen.Value;
        Chosen.Value = fault;
        return new Restored(before);
    }

    /// <summary>The result of a convolution as such a processor gives it.</summary>
    /// <param name="y">What oneDNN gave.</param>
    /// <param name="inputs">Channels of one group.</param>
    /// <param name="outputs">Channels of one group.</param>
    public static Tensor Corrupt(Tensor y, long inputs, long outputs)
    {
        var fault = Convolutions;
        if (fault == ConvolutionFault.None || !OneDnn.IsOn || (inputs % Lanes == 0 && outputs % Lanes == 0) || y.numel() == 0) return y;
        if (y.device_type != TorchSharp.DeviceType.CPU || y.dtype == ScalarType.Float64) return y; // oneDNN has no part in these
        using var scope = NewDisposeScope();
        var garbage = y - y.roll(1, 1) * 0.5; // a lane sees its neighbour
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
