using System.Text.Json;
using Locutor.Checkpoints.Safetensors;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

/// <summary>
/// Tensors recorded from the public reference implementation. They stand in the folder that LOCUTOR_GOLDENS names,
/// by default in <c>tests/Parity/goldens</c>; any file of a known kind found there is a test case.
/// </summary>
internal static class Goldens
{
    public static string Folder { get; } = Environment.GetEnvironmentVariable("LOCUTOR_GOLDENS") is { Length: > 0 } named ? named : Beside();

    /// <summary>Where the networks run: LOCUTOR_TEST_DEVICE, cpu or cuda.</summary>
    public static Device Device { get; } = new(Environment.GetEnvironmentVariable("LOCUTOR_TEST_DEVICE") is { Length: > 0 } named ? named : "cpu");

    /// <summary>Names of the files of one kind, for a theory.</summary>
    public static TheoryData<string> Files(string kind) =>
        [.. Directory.EnumerateFiles(Folder, kind + "*.safetensors").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public static Golden Open(string file) => new(Path.Combine(Folder, file));

    private static string Beside()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string here = Path.Combine(folder.FullName, "tests", "Parity", "goldens");
            if (Directory.Exists(here)) return here;
        }

        throw new DirectoryNotFoundException("no tests/Parity/goldens above " + AppContext.BaseDirectory);
    }
}

internal static class Start
{
    /// <summary>Before the first test: libtorch from the folder that LOCUTOR_TORCH names, if it names one (whichever start comes first); float32 that is float32.</summary>
    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static void LoadTorch()
    {
        Networks.TorchLibraries.Load();
        backends.cudnn.allow_tf32 = false;
    }
}

/// <summary>One recorded file: <c>weights.*</c>, <c>in.*</c>, <c>out.*</c> and the configuration that made it.</summary>
internal sealed class Golden : IDisposable
{
    private readonly SafetensorsFile file;
    private readonly CheckpointParameters parameters;

    public Golden(string path)
    {
        file = SafetensorsFile.Open(path);
        parameters = new CheckpointParameters(file);
        Config = JsonDocument.Parse(file.Metadata["config"]).RootElement;
    }

    public JsonElement Config { get; }

    public Weights Weights => new Weights(parameters, ScalarType.Float32, Goldens.Device)["weights"];

    public IEnumerable<string> Names => file.Tensors.Keys;

    public SafetensorsFile File => file;

    public bool Has(string name) => file.Tensors.ContainsKey(name);

    public Tensor Input(string name) => Load("in." + name);

    public Tensor Output(string name) => Load("out." + name);

    private Tensor Load(string name) => file.Tensors[name].ToTensor().to(Goldens.Device);

    public void Dispose()
    {
        parameters.Dispose();
        file.Dispose();
    }
}

internal static class Close
{
    /// <summary>max |found - expected| / max |expected|.</summary>
    public static double RelativeError(Tensor found, Tensor expected)
    {
        found.shape.ShouldBe(expected.shape);
        using var scope = NewDisposeScope();
        var difference = (found.to(ScalarType.Float64).cpu() - expected.to(ScalarType.Float64).cpu()).abs().max();
        double error = difference.item<double>() / expected.to(ScalarType.Float64).abs().max().item<double>();
        double.IsFinite(error).ShouldBeTrue("NaN would compare as less than any tolerance");
        return error;
    }

    public static void ShouldBeClose(this Tensor found, Tensor expected, double tolerance) =>
        RelativeError(found, expected).ShouldBeLessThan(tolerance);
}
