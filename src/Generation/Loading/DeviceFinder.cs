using System.Globalization;
using Locutor.Generation.Requests;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Generation.Loading;

/// <summary>Finds the device that a user names.</summary>
public static class DeviceFinder
{
    /// <summary>Returns the device of that name.</summary>
    /// <param name="name"><c>auto</c> (the first GPU, otherwise the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <exception cref="RequestException">The name is none of these.</exception>
    /// <exception cref="DeviceUnavailableException">This machine has no such GPU.</exception>
    /// <exception cref="GpuCapabilityException">The environment forces an invalid compute capability.</exception>
    public static Device Find(string name)
    {
        var device = Named(name);
        if (GpuCapability.Forced() is not null && device.type == TorchSharp.DeviceType.CUDA) _ = GpuCapability.Read(device);
        return device;
    }

    /// <summary>Returns several GPUs of this machine, which compute one video together.</summary>
    /// <param name="numbers">Numbers of the GPUs, such as <c>0,1</c>. The first also runs what is not divided.</param>
    /// <exception cref="RequestException">The text is not a list of different numbers.</exception>
    /// <exception cref="DeviceUnavailableException">This machine has no such GPU.</exception>
    public static IReadOnlyList<Device> FindGpus(string numbers)
    {
        string[] names = numbers.Split(',', StringSplitOptions.TrimEntries);
        bool valid = names.All(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            && names.Distinct().Count() == names.Length;
        if (!valid) throw new RequestException("gpus", $"expected different numbers of GPUs, such as 0,1, found '{numbers}'");
        return [.. names.Select(name => Find($"cuda:{int.Parse(name, CultureInfo.InvariantCulture)}"))];
    }

    private static Device Named(string name)
    {
        if (name == "auto") return cuda.is_available() ? new Device(TorchSharp.DeviceType.CUDA, 0) : CPU;
        if (name == "cpu") return CPU;
        int index = 0;
        if (name != "cuda"
            && !(name.StartsWith("cuda:", StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index)))
        {
            throw new RequestException("device", $"expected auto, cpu, cuda or cuda:N, found '{name}'");
        }

        int gpus = cuda.is_available() ? cuda.device_count() : 0;
        if (gpus == 0)
        {
            throw new DeviceUnavailableException(
                "no GPU found: nvidia-smi must list one, and LOCUTOR_TORCH must name a libtorch with CUDA; 'locutor doctor' checks both");
        }

        return index < gpus
            ? new Device(TorchSharp.DeviceType.CUDA, index)
            : throw new DeviceUnavailableException($"expected a GPU from 0 to {gpus - 1}, found {index}");
    }
}

/// <summary>Thrown when the requested device is not available on this machine.</summary>
public sealed class DeviceUnavailableException(string message) : Exception(message);
