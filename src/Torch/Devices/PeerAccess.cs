using Locutor.Torch.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Torch.Devices;

/// <summary>Access of GPUs to each other's memory.</summary>
public static class PeerAccess
{
    /// <summary>
    /// Returns whether all devices can read each other's memory. Devices on the CPU can. GPUs can over NVLink, and over PCIe if the machine
    /// allows it.
    /// </summary>
    public static bool IsPossible(IReadOnlyList<Device> devices) =>
        Pairs(devices).All(pair => CudaDriver.CanAccessPeer(Math.Max(0, pair.From.index), Math.Max(0, pair.To.index)));

    /// <summary>
    /// Makes libtorch map the memory of each GPU for all others, including memory that it allocates later. One copy by libtorch has this
    /// effect; it must come before copies with the driver.
    /// </summary>
    internal static void Enable(IReadOnlyList<Device> devices)
    {
        foreach (var (from, to) in Pairs(devices))
        {
            using var one = zeros(1, ScalarType.Float32, from);
            one.to(to).Dispose();
        }
    }

    private static IEnumerable<(Device From, Device To)> Pairs(IReadOnlyList<Device> devices) =>
        from one in devices
        from other in devices
        where one.type == DeviceType.CUDA && other.type == DeviceType.CUDA && Math.Max(0, one.index) != Math.Max(0, other.index)
        select (one, other);
}
