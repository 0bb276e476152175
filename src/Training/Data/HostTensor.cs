using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Training.Data;

/// <summary>Arrays to tensors, by way of memory that a GPU can read on its own.</summary>
internal static class HostTensor
{
    /// <summary>A tensor on the host; pinned when it is meant for a GPU.</summary>
    public static Tensor Of(float[] values, long[] shape, Device device) => Pinned(tensor(values).reshape(shape), device);

    public static Tensor Of(byte[] values, long[] shape, Device device) => Pinned(tensor(values, ScalarType.Byte).reshape(shape), device);

    /// <summary>Starts the copy without waiting for it.</summary>
    public static Tensor ToDevice(this Tensor host, Device device) => host.to(device, non_blocking: true);

    private static Tensor Pinned(Tensor host, Device device)
    {
        if (device.type != DeviceType.CUDA) return host;
        using var pageable = host;
        return pageable.pin_memory();
    }
}
