using Locutor.Generation.Diagnosis;
using Locutor.Generation.Loading;
using Locutor.Generation.Preparation;
using Locutor.Generation.Requests;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Cli.Doctor;

/// <summary>The checks of a machine, for <c>locutor doctor</c> and <c>locutor serve --check</c>.</summary>
internal static class Diagnosis
{
    /// <summary>The checks that load the native libraries of the networks. An incompatible library can end the process.</summary>
    public static IReadOnlyList<Check> Libraries { get; } =
    [
        TorchChecks.Libtorch, TorchChecks.Gpu, TorchChecks.Nvrtc, ArithmeticCheck.Check
    ];

    /// <summary>Returns the checks of everything that is needed to make a video.</summary>
    /// <param name="model">The bundle to check; null for the default.</param>
    /// <param name="store">The folder of model files; null for the default folder.</param>
    public static IReadOnlyList<Check> Machine(string? model, string? store) =>
    [
        MachineChecks.Processor,
        MachineChecks.Memory,
        OtherProcess.Check,
        MachineChecks.Ffmpeg,
        new Check("models", () => [Models(model, store)]),
        FolderChecks.Store(store ?? ModelStore.DefaultFolder),
        FolderChecks.Cache,
        FolderChecks.Temporary,
    ];

    private static Finding Models(string? asked, string? store)
    {
        string name = asked ?? ModelFinder.DefaultName;
        var catalogue = BundleCatalogue.Default(store);
        try
        {
            if (asked is null && catalogue.Find(name) is null)
            {
                return Finding.Failure(
                    "models", $"the bundled model {name} is missing",
                    "expected it in the folder 'models' of the program or in LOCUTOR_MODELS; install the program again");
            }

            if (!CanRun(ModelFinder.Find(name, store)))
                return Finding.Failure("models", $"some files of {name} are missing", $"fetch them with 'locutor models pull {name}'");
            string[] others =
            [
                .. catalogue.All().Where(other => other.Bundle.Name != name && CanRun(other)).Select(other => other.Bundle.Name)
            ];
            return Finding.Ok(
                "models",
                $"{name} can be " +
                $"run{(others.Length > 0 ? $", and {string.Join(", ", others)}" : "; 'locutor models list' shows what can be fetched")}");
        }
        catch (RequestException unknown)
        {
            return Finding.Failure("models", unknown.Message, "name a model of 'locutor models list'");
        }
        catch (BundleException broken)
        {
            return Finding.Failure("models", broken.Message, "correct or remove that bundle.json");
        }
    }

    private static bool CanRun(ResolvedBundle model) => model.CanRun(model.DefaultAdapters);
}
