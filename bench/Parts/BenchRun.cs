using Locutor.Generation.Loading;
using Locutor.Kernels.Devices;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>Measures parts of the generator and compares every measurement with the best rate of the device.</summary>
public static class BenchRun
{
    /// <summary>The parts that can be measured, in the order in which <c>all</c> measures them.</summary>
    public static IReadOnlyList<string> Parts { get; } =
    [
        "pass", "kernels", "vae", "encoders", "clip", "load", "accuracy", "presets", "memory", "files"
    ];

    /// <summary>Measures one part or all parts.</summary>
    /// <param name="part">
    /// One of <see cref="Parts"/>, or <c>all</c>: a pass and its kernels at every precision of a GPU, a clip with and without step
    /// caching, and all other parts that need no trained weights and little time.
    /// </param>
    /// <param name="print">Receives every line of the table as soon as it is known.</param>
    /// <param name="save">Receives the report after every part, so that earlier results survive a later failure.</param>
    /// <exception cref="BenchException">A check of the results failed.</exception>
    public static BenchReport Measure(string part, BenchOptions options, Action<string> print, Action<BenchReport> save)
    {
        RequirePart(part);
        options.Validate();
        CudaMemory.Configure(options.Device, options.VramBudget);
        manual_seed(options.Seed);
        var meter = new Meter(options.Device, options.Repeat);
        var report = new BenchReport(
            Name(options.Device), options.Bundle.Name, $"{options.Height}x{options.Width}", options.Frames,
            DateTimeOffset.UtcNow)
        { Compiler = Nvrtc.CurrentVersion };
        // The matrices for the ceilings would count as memory of the video.
        var ceilings = part is "memory" or "files" ? Ceilings.None : Ceilings.Measure(meter, options);
        report.Ceilings.AddRange(ceilings.All);
        print($"{report.Device}; {report.Model} at {report.Size}, {report.Frames} frames; {report.Compiler}");
        foreach (var ceiling in ceilings.All)
            print(FormattableString.Invariant($"  {ceiling.What,-34} {ceiling.Rate / 1e9,12:0.0} G{ceiling.Unit}/s"));
        print(BenchReport.Header);
        foreach (var (name, chosen) in part == "all" ? All(options) : [(part, options)])
        {
            foreach (var row in Rows(name, chosen, meter, ceilings))
            {
                report.Rows.Add(row);
                print(BenchReport.Line(row));
            }
            save(report);
        }
        return report;
    }

    /// <exception cref="BenchException">There is no such part.</exception>
    public static void RequirePart(string part)
    {
        if (part != "all" && !Parts.Contains(part))
            throw new BenchException($"unknown part '{part}': expected {string.Join(", ", Parts)} or all");
    }

    private static IEnumerable<(string Part, BenchOptions Options)> All(BenchOptions options)
    {
        bool onGpu = options.Device.type == TorchSharp.DeviceType.CUDA;
        Precision[] precisions = onGpu ? [Precision.Float8, Precision.Int8, Precision.BFloat16] : [options.Precision];
        if (onGpu)
        {
            // The smallest first: libtorch keeps memory for reuse, so a part is only seen to need what no earlier part needed.
            foreach (long gib in (long[])[12, 24])
                yield return ("pass", options with { Precision = Precision.Float8, VramBudget = gib << 30, Check = false });
        }
        foreach (var precision in precisions) yield return ("pass", options with { Precision = precision });
        foreach (var precision in precisions) yield return ("kernels", options with { Precision = precision });
        yield return ("vae", options with { Precision = precisions[^1] });
        yield return ("encoders", options);
        var fast = options with { Precision = precisions[0] };
        yield return ("clip", fast);
        yield return ("clip", fast with { StepCache = options.StepCache ?? "easycache:1" }); // skips steps of random networks
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
        "memory" => new MemoryBench(options).Run(),
        "files" => new FilesBench(options).Run(),
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "expected a part"),
    };

    private static string Name(Device device) => device.type == TorchSharp.DeviceType.CUDA
        ? $"{CudaDriver.DeviceName(Math.Max(0, device.index))}, used as capability {GpuPaths.For(device).Capability}"
        : $"CPU, {get_num_threads()} threads";
}
