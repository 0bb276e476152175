using System.Globalization;
using Locutor.Torch.Cuda;

namespace Locutor.Service.Workers;

/// <summary>The kind of device that made a video. Times of videos are compared only between devices of one kind.</summary>
internal static class DeviceKind
{
    /// <summary>Returns the name of the GPU, with the number of GPUs that compute together, or the number of cores of a CPU.</summary>
    public static string Describe(WorkerOptions options)
    {
        if (WorkerSupervisor.GpuNumber(options.Device) is not { } gpu)
            return string.Create(CultureInfo.InvariantCulture, $"CPU, {Environment.ProcessorCount} cores");
        int count = options.Gpus?.Split(',').Length ?? 1;
        string name = CudaDriver.DeviceName(gpu);
        return count == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{count} x {name}");
    }
}
