using Locutor.Generation.Loading;
using Locutor.Generation.Preparation;
using Locutor.Jobs.Records;
using Locutor.Models.Store;
using Locutor.Torch.Cuda;

namespace Locutor.Service.Workers;

/// <summary>Creates the runner that the options of a worker select.</summary>
public static class VideoRunners
{
    private static readonly TimeSpan OfferMemory = TimeSpan.FromSeconds(30);

    public static IVideoRunner Create(WorkerOptions options)
    {
        var (offer, until) = (WorkerOffer.Everything, 0L);
        return new TalkingVideoRunner(options.Device, options.Model, name => Find(options, name), () =>
        {
            // The folder is read again from time to time, since models may be pulled while the worker runs.
            if (Environment.TickCount64 >= until)
                (offer, until) = (OfferOf(options), Environment.TickCount64 + (long)OfferMemory.TotalMilliseconds);
            return offer;
        });
    }

    /// <summary>
    /// Returns the offer of a worker: the models of its options, otherwise the models on its disk, and the memory of its device.
    /// </summary>
    public static WorkerOffer OfferOf(WorkerOptions options) => new(
        options.Models ?? [.. Installed(options)], Math.Round((options.VramBudget ?? DeviceBytes(options)) / (double)(1L << 30), 1),
        options.Gpus?.Split(',').Length ?? 1);

    private static RunnerModel Find(WorkerOptions options, string? name)
    {
        var model = ModelFinder.Find(name, options.Store);
        return new RunnerModel(model.Bundle, (device, adapters) =>
        {
            var devices = options.Gpus is { } gpus ? DeviceFinder.FindGpus(gpus) : [device];
            return NetworkSet.Load(
                model, LoadingOptions.From(devices, options.Precision) with { Adapters = adapters, Budget = options.VramBudget });
        })
        {
            Check = adapters => AdapterFit.Check(model, adapters),
        };
    }

    private static IEnumerable<string> Installed(WorkerOptions options)
    {
        string own = ModelFinder.Find(options.Model, options.Store).Bundle.Name;
        return BundleCatalogue.Default(options.Store).All().Where(found => found.CanRun(found.DefaultAdapters))
            .Select(found => found.Bundle.Name).Append(UntrainedBundle.Bundle.Name).Append(own).Distinct();
    }

    /// <summary>Returns the memory of a GPU, or for a worker on a CPU the memory of the machine or container.</summary>
    private static long DeviceBytes(WorkerOptions options) => WorkerSupervisor.GpuNumber(options.Device) is { } gpu
        ? CudaDriver.Memory(gpu).Total
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
}
