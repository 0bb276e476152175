using Locutor.Generation.Loading;

namespace Locutor.Service.Workers;

/// <summary>Makes the runner that a worker's options ask for.</summary>
public static class VideoRunners
{
    public static IVideoRunner Create(WorkerOptions options) => options.Generator switch
    {
        "stub" => new StubRunner(options.StubSeconds),
        _ => new TalkingVideoRunner(options.Device, options.Model, name =>
        {
            var model = ModelFinder.Find(name, options.Store);
            return new RunnerModel(model.Bundle, (device, adapters) => NetworkSet.Load(model, LoadingOptions.From(device, options.Precision) with { Adapters = adapters, Budget = options.VramBudget }));
        }),
    };
}
