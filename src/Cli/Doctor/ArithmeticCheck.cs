using System.Globalization;
using Locutor.Generation.Diagnosis;
using Locutor.Generation.Loading;
using Locutor.Kernels.Arithmetic;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using Locutor.Torch.Loading;
using static TorchSharp.torch;

namespace Locutor.Cli.Doctor;

/// <summary>
/// Reports the arithmetic self test: every kind of operation that the bundled model uses, in the device's own precision and in float32.
/// </summary>
internal static class ArithmeticCheck
{
    private const string Name = "arithmetic";

    public static Check Check { get; } = new(Name, Run) { Patience = TimeSpan.FromMinutes(2) };

    private static List<Finding> Run()
    {
        if (!TorchOptions.Current.SelfTest)
        {
            return [
                Finding.Warning(
                    Name,
                    $"not tested, because {TorchOptions.SelfTestVariable} is 0: wrong results would not be noticed before the video is " +
                    "made",
                    "unset the variable")
            ];
        }

        try
        {
            TorchLibraries.Load(TorchOptions.Current);
            Device[] devices = cuda.is_available() ? [CPU, CUDA] : [CPU];
            return [.. devices.SelectMany(Examine)];
        }
        catch (Exception failure) when (failure is DllNotFoundException or TypeInitializationException or GpuCapabilityException)
        {
            return []; // The checks of libtorch and of the GPU report these failures.
        }
    }

    private static IEnumerable<Finding> Examine(Device device)
    {
        var model = ModelFinder.Find(null);
        foreach (var precision in new[] { Precision.Auto, Precision.Float32 })
        {
            try
            {
                // Loading runs the self test of the operations that the network uses.
                NetworkSet.Load(model, LoadingOptions.From(device, precision)).Dispose();
            }
            catch (WrongArithmeticException)
            {
                // The failed operations are listed below.
            }
        }

        return SelfTest.On(device).Results
            .GroupBy(result => (result.Kind.Type, result.Kind.Name, result.Path, result.Usual))
            .Select(group => Line(device, group.Key.Type, group.Key.Name, [.. group]));
    }

    /// <summary>Creates one finding for the operations with one name, one dtype and one code path.</summary>
    private static Finding Line(Device device, string type, string name, CheckResult[] results)
    {
        var first = results[0];
        string sizes = results.Length == 1 ? "1 size" : $"{results.Length} sizes",
            error = results.Max(result => result.Error).ToString("0.0e0", CultureInfo.InvariantCulture);
        string what = $"{device.type.ToString().ToLowerInvariant()}, {type} {name}, {sizes}";
        if (first.Path is null)
        {
            return Finding.Failure(
                Name, $"{what}: every way to compute it is wrong, by {error} ({first.Usual} is {first.Reason})",
                "try another libtorch (LOCUTOR_TORCH), or --precision float32 if this is another type");
        }

        return first.IsChanged
            ? Finding.Warning(
                Name, $"{what}: {first.Usual} is {first.Reason}; used instead: {first.Path} (error {error})",
                "the results are correct but slower than on other machines; no action is needed")
            : Finding.Ok(Name, $"{what}: {first.Path}, error {error}");
    }
}
