using Locutor.Kernels.Quantisation;
using Locutor.Models;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>Options for loading the networks of a bundle.</summary>
/// <param name="Device">The device that runs them.</param>
/// <param name="Type">Dtype in which the transformer and the autoencoder compute.</param>
public sealed record LoadingOptions(Device Device, ScalarType Type)
{
    /// <summary>
    /// Further devices that compute the transformer and decode frames together with <see cref="Device"/>. Each holds all weights of the
    /// transformer and the autoencoder; the other networks are on <see cref="Device"/> alone.
    /// </summary>
    public IReadOnlyList<Device> Helpers { get; init; } = [];

    /// <summary>Adapters (LoRA) that are merged into the transformer.</summary>
    public IReadOnlyList<BundleAdapter> Adapters { get; init; } = [];

    /// <summary>Precision of the matrices of the transformer's blocks. Null means as stored on a GPU, and plain on a CPU.</summary>
    public LinearPrecision? Linears { get; init; }

    /// <summary>
    /// Limit of the device memory in bytes; null for no limit. With a limit, the CPU encodes the prompt, blocks of the transformer are
    /// offloaded and copied to the device in turn, and the autoencoder works in tiles that fit.
    /// </summary>
    public long? Budget { get; init; }

    /// <summary>Creates the options of a precision on several devices; the first runs what is not divided.</summary>
    public static LoadingOptions From(IReadOnlyList<Device> devices, Precision precision) =>
        From(devices[0], precision) with { Helpers = [.. devices.Skip(1)] };

    /// <summary>Creates the options of a precision on a device.</summary>
    public static LoadingOptions From(Device device, Precision precision) =>
        new(device, precision.Arithmetic(device)) { Linears = precision.Linears() };
}
