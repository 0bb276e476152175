using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.CommandLine;

/// <summary>Finds the device for the option <c>--device</c>.</summary>
public static class DeviceChoice
{
    /// <exception cref="CommandException">This machine has no such device.</exception>
    public static Device Find(string name)
    {
        try
        {
            return DeviceFinder.Find(name);
        }
        catch (RequestException unknown)
        {
            throw new CommandException(ExitCodes.Usage, $"--device {name}: {unknown.Errors["device"][0]}");
        }
        catch (DeviceUnavailableException missing)
        {
            throw new CommandException(ExitCodes.Missing, $"--device {name}: {missing.Message}");
        }
        catch (GpuCapabilityException refused)
        {
            throw new CommandException(ExitCodes.Usage, refused.Message);
        }
    }
}
