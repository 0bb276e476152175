using static TorchSharp.torch;

namespace Locutor.Torch;

/// <summary>Work on one of several devices failed. The message names the device and the reason.</summary>
public sealed class DeviceFailedException(Device device, Exception inner) : Exception($"{device}: {inner.Message}", inner)
{
    /// <summary>The device.</summary>
    public Device Device { get; } = device;
}
