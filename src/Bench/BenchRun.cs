using Locutor.Generation.Loading;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Devices;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>Measures parts of the generator and keeps every figure beside what the device can do at best.</summary>
public static class BenchRun
{
    /// <summary>What can be measured, in the order in which <c>all</c> does it.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["pass", "kernels", "vae", "encoders", "clip", "load", "accuracy", "presets"];

    /// <param name="part">One of <see cref="Parts"/>, or <c>all</c>: a pass and its kernels at every precision of a GPU, a clip with and without step caching, and whatever else needs no trained numbers.</param>
    /// <param name="said">Told every line of the table as it is known.</param>
    /// <param name="kept">Told the report after every part, so that what is known survives what comes.</param>
    /// <exception cref="BenchException">A check failed.</exception>
    public static BenchReport Measure(string part, BenchOptions options, Action<string> said, Action<BenchReport> kept)
    {
        options.Validate();
        CudaMemory.Configure(options.Device, options.VramBudget);
        manual_seed(options.Seed);
        var meter = new Meter(options.Device, options.Repeat);
        var report = new BenchReport(Name(options.Device), options.Bundle.Name, $"{options.Height}x{options.Width}", options.Frames, DateTimeOffset.UtcNow) { Compiler = CudaKernel.CompilerVersion };
        var ceilings = Ceilings.Measure(meter, options);
        report.Ceilings.AddRange(ceilings.All);
        said($"{report.Device}; {report.Model} at {report.Size}, {report.Frames} frames; {report.Compiler}");
        foreach (var ceiling in ceilings.All) said(FormattableString.Invariant($"  {ceiling.What,-34} {ceiling.Rate / 1e9,12:0.0} G{ceiling.Unit}/s"));
        said(BenchReport.Header);
        foreach (var (name, chosen) in part == "all" ? All(options) : [(part, options)])
        {
            foreach (var row in Rows(name, chosen, meter, ceilings))
            {
                report.Rows.Add(row);
                said(BenchReport.Line(row));
            }
            kept(report);
        }
        return report;
    }

    private static IEnumerable<(string Part, BenchOptions Options)> All(BenchOptions options)
    {
        Precision[] precisions = options.Device.type == TorchSharp.DeviceType.CUDA ? [Precision.BFloat16, Precision.Float8, Precision.Int8] : [options.Precision];
        foreach (var precision in precisions) yield return ("pass", options with { Precision = precision });
        if (precisions.Length > 1)
            foreach (long gib in (long[])[24, 12]) yield return ("pass", options with { Precision = Precision.Float8, VramBudget = gib << 30, Check = false });
        foreach (var precision in precisions) yield return ("kernels", options with { Precision = precision });
        yield return ("vae", options with { Precision = precisions[0] });
        yield return ("encoders", options);
        var fast = options with { Precision = precisions[Math.Min(1, precisions.Length - 1)] };
        yield return ("clip", fast);
        yield return ("clip", fast with { StepCache = options.StepCache ?? "teacache:0.3" });
        yield return ("load", fast);
    }

    private static IEnumerable<BenchRow> Rows(string part, BenchOptions options, Meter meter, Ceilings ceilings) => part switch
    {
        "pass" => new PassBench(options, meter, ceilings).Run(),
        "kernels" => new KernelsBench(options, meter, ceilings).Run(),
        "vae" => new VaeBench(options, meter, ceilings).Run(),
        "encoders" => new EncodersBench(options, meter).Run(),
        "clip" => new ClipBench(options, meter).Run(),
        "accuracy" => new AccuracyBench(options, meter).Run(),
        "presets" => new PresetsBench(options, meter).Run(),
        "load" => new LoadBench(options, meter).Run(),
        _ => throw new BenchException($"unknown part '{part}': expected {string.Join(", ", Parts)} or all"),
    };

    private static string Name(Device device) => device.type == TorchSharp.DeviceType.CUDA
        ? $"{CudaDriver.DeviceName(Math.Max(0, device.index))}, used as capability {GpuPaths.For(device).Capability}"
        : $"CPU, {get_num_threads()} threads";
}
