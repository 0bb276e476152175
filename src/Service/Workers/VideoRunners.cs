using Locutor.Generation.Loading;

namespace Locutor.Service.Workers;

/// <summary>Creates the runner that the options of a worker select.</summary>
public static class VideoRunners
{
    public static IVideoRunner Create(WorkerOptions options) => new TalkingVideoRunner(options.Device, options.Model, name =>
    {
        var model = ModelFinder.Find(name, options.Store);
        return new RunnerModel(
            model.Bundle,
            (device, adapters) => NetworkSet.Load(
                model, LoadingOptions.From(device, options.Precision) with { Adapters = adapters, Budget = options.VramBudget }));
    });
}
