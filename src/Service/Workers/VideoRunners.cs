using Locutor.Generation.Loading;

namespace Locutor.Service.Workers;

/// <summary>Creates the runner that the options of a worker select.</summary>
public static class VideoRunners
{
    public static IVideoRunner Create(WorkerOptions options) => new TalkingVideoRunner(options.Device, options.Model, name =>
    {
        var model = ModelFinder.Find(name, options.Store);
        return new RunnerModel(model.Bundle, (device, adapters) =>
        {
            var devices = options.Gpus is { } gpus ? DeviceFinder.FindGpus(gpus) : [device];
            return NetworkSet.Load(
                model, LoadingOptions.From(devices, options.Precision) with { Adapters = adapters, Budget = options.VramBudget });
        });
    });
}
