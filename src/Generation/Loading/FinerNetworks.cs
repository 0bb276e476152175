using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>The networks of a bundle one step up in precision, for a clip whose numbers were not finite.</summary>
/// <param name="Precision">For messages.</param>
/// <param name="Open">Loads them; dispose the answer.</param>
public sealed record FinerNetworks(string Precision, Func<NetworkSet> Open)
{
    /// <summary>bfloat16 or float16 instead of bytes on a GPU, else float32; null above float32.</summary>
    /// <param name="type">Type of the arithmetic that failed.</param>
    /// <param name="linears">How the transformer's matrices were held.</param>
    /// <param name="open">Loads the bundle in that type with plain matrices.</param>
    internal static FinerNetworks? Above(Device device, ScalarType type, LinearPrecision linears, Func<ScalarType, NetworkSet> open)
    {
        if (type == ScalarType.Float32 && linears == LinearPrecision.Plain) return null;
        var next = linears != LinearPrecision.Plain && device.type == TorchSharp.DeviceType.CUDA ? type : ScalarType.Float32;
        return new(next.ToString().ToLowerInvariant(), () => open(next));
    }
}
