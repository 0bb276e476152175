using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Training.Data;

/// <summary>Copies arrays to tensors through pinned memory, which a GPU can read directly.</summary>
internal static class HostTensor
{
    /// <summary>Creates a tensor on the host. It is pinned when it will be copied to a GPU.</summary>
    public static Tensor Create(float[] values, long[] shape, Device device) => Pinned(tensor(values).reshape(shape), device);

    public static Tensor Create(byte[] values, long[] shape, Device device) =>
        Pinned(tensor(values, ScalarType.Byte).reshape(shape), device);

    /// <summary>Starts the copy to the device without waiting for its end.</summary>
    public static Tensor ToDevice(this Tensor host, Device device) => host.to(device, non_blocking: true);

    private static Tensor Pinned(Tensor host, Device device)
    {
        if (device.type != DeviceType.CUDA) return host;
        using var pageable = host;
        return pageable.pin_memory();
    }
}
