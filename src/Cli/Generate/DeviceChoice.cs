using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Cli.Generate;

/// <summary>The device that <c>--device</c> names.</summary>
internal static class DeviceChoice
{
    /// <exception cref="CommandException">No such device here.</exception>
    public static Device Find(string name)
    {
        var device = Named(name);
        try
        {
            if (GpuCapability.Forced() is not null && device.type == TorchSharp.DeviceType.CUDA) _ = GpuCapability.Read(device);
            return device;
        }
        catch (GpuCapabilityException refused)
        {
            throw new CommandException(ExitCodes.Usage, refused.Message);
        }
    }

    private static Device Named(string name) => name switch
    {
        "auto" => cuda.is_available() ? CUDA : CPU,
        "cpu" => CPU,
        "cuda" when cuda.is_available() => CUDA,
        "cuda" => throw new CommandException(ExitCodes.Missing, "--device cuda: no GPU found; is LOCUTOR_TORCH a folder of libtorch with CUDA, and nvidia-smi content?"),
        _ => throw new CommandException(ExitCodes.Usage, $"--device {name}: expected cpu or cuda"),
    };
}
