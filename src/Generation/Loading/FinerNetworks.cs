using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>A bundle's networks in the next higher precision, for a clip with results that are not finite.</summary>
/// <param name="Precision">Name of the precision, for messages.</param>
/// <param name="Open">Loads the networks; the caller disposes them.</param>
public sealed record FinerNetworks(string Precision, Func<NetworkSet> Open)
{
    /// <summary>
    /// Returns the next higher precision: plain 16-bit matrices instead of 8-bit ones on a GPU, otherwise float32. Null if float32 itself
    /// failed.
    /// </summary>
    /// <param name="device">The device that runs the networks.</param>
    /// <param name="type">Dtype of the computation that failed.</param>
    /// <param name="linears">Precision of the transformer's matrices.</param>
    /// <param name="open">Loads the bundle in a dtype with plain matrices.</param>
    internal static FinerNetworks? Above(Device device, ScalarType type, LinearPrecision linears, Func<ScalarType, NetworkSet> open)
    {
        if (type == ScalarType.Float32 && linears == LinearPrecision.Plain) return null;
        var next = linears != LinearPrecision.Plain && device.type == TorchSharp.DeviceType.CUDA ? type : ScalarType.Float32;
        return new(next.ToString().ToLowerInvariant(), () => open(next));
    }
}
