using Locutor.Kernels.Quantisation;
using Locutor.Models;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>How the networks of a bundle are loaded.</summary>
/// <param name="Device">The device that runs them.</param>
/// <param name="Type">Arithmetic of the transformer and the autoencoder.</param>
public sealed record LoadingOptions(Device Device, ScalarType Type)
{
    /// <summary>Adapters that are merged into the transformer.</summary>
    public IReadOnlyList<BundleAdapter> Adapters { get; init; } = [];

    /// <summary>How the matrices of the transformer's blocks are held; null: on a GPU as they are stored, on a CPU plain.</summary>
    public LinearPrecision? Linears { get; init; }

    /// <summary>
    /// Bytes of the device's memory that may be used, null for all: the CPU encodes the prompt, blocks of the transformer are copied to the
    /// device in turn, and the autoencoder works in tiles that fit.
    /// </summary>
    public long? Budget { get; init; }

    /// <summary>The types that a precision means on a device.</summary>
    public static LoadingOptions From(Device device, Precision precision) => new(device, precision.Arithmetic(device)) { Linears = precision.Linears() };
}
