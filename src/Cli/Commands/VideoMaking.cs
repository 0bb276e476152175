using Locutor.Cli.Doctor;
using Locutor.Generation.Diagnosis;
using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Locutor.Service.Workers;

namespace Locutor.Cli.Commands;

/// <summary>How a service and its workers make videos. Tests of the service replace the networks with a fast program.</summary>
/// <param name="Catalog">Returns the models that a service offers.</param>
/// <param name="Runner">Creates the runner of a worker.</param>
/// <param name="Checks">Returns the checks of the runner's requirements, for <c>serve --check</c>.</param>
internal sealed record VideoMaking(
    Func<ServeSettings, ModelCatalog> Catalog, Func<WorkerOptions, IVideoRunner> Runner, Func<ServeSettings, IReadOnlyList<Check>> Checks)
{
    /// <summary>The networks of the bundles on disk.</summary>
    public static VideoMaking WithNetworks { get; } = new(
        ModelCatalog.FromDisk, VideoRunners.Create, settings => Diagnosis.Machine(settings.Model, settings.Store));
}
