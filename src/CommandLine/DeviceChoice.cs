using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.CommandLine;

/// <summary>Finds the device for the option <c>--device</c>.</summary>
public static class DeviceChoice
{
    /// <exception cref="CommandException">This machine has no such device.</exception>
    public static Device Find(string name) => Checked($"--device {name}", "device", () => DeviceFinder.Find(name));

    /// <summary>Finds the GPUs for the option <c>--gpus</c>; none if it is not given.</summary>
    /// <exception cref="CommandException">This machine has no such GPU.</exception>
    public static IReadOnlyList<Device> FindGpus(string? numbers) =>
        numbers is null ? [] : Checked($"--gpus {numbers}", "gpus", () => DeviceFinder.FindGpus(numbers));

    private static T Checked<T>(string option, string field, Func<T> find)
    {
        try
        {
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
