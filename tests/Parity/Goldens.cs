using System.Text.Json;
using Locutor.Checkpoints.Safetensors;
using Locutor.Networks.Layers;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

/// <summary>
/// Tensors recorded from the public reference implementation, in the folder <see cref="TestEnvironment.Goldens"/>. Every file of a known
/// kind in it is a test case.
/// </summary>
internal static class Goldens
{
    public static string Folder => TestEnvironment.Goldens;

    /// <summary>Where the networks run: LOCUTOR_TEST_DEVICE, cpu or cuda.</summary>
    public static Device Device { get; } = new(
        Environment.GetEnvironmentVariable("LOCUTOR_TEST_DEVICE") is { Length: > 0 } named ? named : "cpu");

    /// <summary>
    /// Several devices that compute together: different GPUs, or the CPU several times. The test is skipped if the machine has fewer GPUs.
    /// </summary>
    public static IReadOnlyList<Device> Several(int count)
    {
        if (Device.type != TorchSharp.DeviceType.CUDA) return [.. Enumerable.Repeat(Device, count)];
        Assert.SkipUnless(cuda.device_count() >= count, $"needs {count} GPUs");
        return [.. Enumerable.Range(0, count).Select(number => new Device(TorchSharp.DeviceType.CUDA, number))];
    }

    /// <summary>Names of the files of one kind, for a theory.</summary>
    public static TheoryData<string> Files(string kind) =>
        [.. Directory.EnumerateFiles(Folder, kind + "*.safetensors").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public static Golden Open(string file) => new(Path.Combine(Folder, file));
}

internal static class Start
{
    /// <summary>
    /// Runs before the first test: loads libtorch and switches TF32 in cuDNN off. It may run before or after TorchStart.
    /// </summary>
    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static void LoadTorch()
    {
        Torch.Loading.TorchLibraries.Load(TorchOptions.FromEnvironment());
        backends.cudnn.allow_tf32 = false;
    }
}

/// <summary>One recorded file: <c>weights.*</c>, <c>in.*</c>, <c>out.*</c> and the configuration that made it.</summary>
internal sealed class Golden : IDisposable
{
    private readonly SafetensorsFile file;
    private readonly CheckpointParameters parameters;
    private readonly List<CheckpointParameters> others = [];

    public Golden(string path)
    {
        file = SafetensorsFile.Open(path);
        parameters = new CheckpointParameters(file);
        Config = JsonDocument.Parse(file.Metadata["config"]).RootElement;
    }

    public JsonElement Config { get; }

    public Weights Weights => new Weights(parameters, ScalarType.Float32, Goldens.Device)["weights"];

    /// <summary>Weights of their own on a device.</summary>
    public Weights On(Device device)
    {
        others.Add(new CheckpointParameters(file));
        return new Weights(others[^1], ScalarType.Float32, device)["weights"];
    }

    public IEnumerable<string> Names => file.Tensors.Keys;

    public SafetensorsFile File => file;

    public bool Has(string name) => file.Tensors.ContainsKey(name);

    public Tensor Input(string name) => Load("in." + name);

    public Tensor Output(string name) => Load("out." + name);

    private Tensor Load(string name) => file.Tensors[name].ToTensor().to(Goldens.Device);

    public void Dispose()
    {
        parameters.Dispose();
        foreach (var one in others) one.Dispose();
        file.Dispose();
    }
}
