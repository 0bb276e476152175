using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Torch.Cuda;
using Locutor.Torch.Loading;
using static TorchSharp.torch;

namespace Locutor.CommandLine;

/// <summary>Finds the device for the option <c>--device</c>.</summary>
public static class DeviceChoice
{
    /// <summary>The first GPU, otherwise the CPU.</summary>
    public const string Auto = "auto";

    /// <exception cref="CommandException">This machine has no such device.</exception>
    public static Device Find(string name) => Checked($"--device {name}", "device", () => DeviceFinder.Find(name));

    /// <summary>Finds the GPUs for the option <c>--gpus</c>; none if it is not given.</summary>
    /// <exception cref="CommandException">This machine has no such GPU.</exception>
    public static IReadOnlyList<Device> FindGpus(string? numbers) =>
        numbers is null ? [] : Checked($"--gpus {numbers}", "gpus", () => DeviceFinder.FindGpus(numbers));

    /// <summary>
    /// Returns the devices of the options <c>--device</c> and <c>--gpus</c>. The first one runs the networks that are not divided.
    /// </summary>
    /// <exception cref="CommandException">This machine has no such device, or the options contradict each other.</exception>
    public static IReadOnlyList<Device> FindAll(string device, string? gpus)
    {
        if (gpus is null) return [Find(device)];
        return device is Auto or "cuda"
            ? FindGpus(gpus)
            : throw new CommandException(ExitCodes.Usage, $"--gpus {gpus}: expected no --device, found --device {device}");
    }

    private static T Checked<T>(string option, string field, Func<T> find)
    {
        try
        {
            _ = GpuCapability.Forced(); // an invalid one is refused before libtorch is loaded
            TorchLibraries.Require();
            return find();
        }
        catch (RequestException unknown)
        {
            throw new CommandException(ExitCodes.Usage, $"{option}: {unknown.Errors[field][0]}");
        }
        catch (DeviceUnavailableException missing)
        {
            throw new CommandException(ExitCodes.Missing, $"{option}: {missing.Message}");
        }
        catch (GpuCapabilityException refused)
        {
            throw new CommandException(ExitCodes.Usage, refused.Message);
        }
    }
}
