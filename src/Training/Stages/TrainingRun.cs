using System.Diagnostics;
using System.Globalization;
using Locutor.Kernels.Devices;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>What every stage of a training run shares: device, folders, and how long this call may last.</summary>
/// <param name="Device">Where networks are trained.</param>
/// <param name="Work">Folder of everything that a later call goes on with: full optimiser state, latents, figures.</param>
/// <param name="Output">Folder of results: compact checkpoints, curves and sample sheets.</param>
/// <param name="Ends">When this call has to be over, on the clock of <see cref="Elapsed"/>.</param>
/// <param name="Log">Takes one line.</param>
public sealed record TrainingRun(Device Device, string Work, string Output, TimeSpan Ends, Action<string> Log)
{
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly StrongBox<long> steps = new(); // shared by copies of this record, as the clock is

    public TimeSpan Elapsed => clock.Elapsed;

    /// <summary>Whether the call should end; a stage saves its state then.</summary>
    public bool IsOver => clock.Elapsed >= Ends || steps.Value >= MaxSteps;

    /// <summary>Ends the call after this many steps of all stages together, even if there is time left. Unlike time, steps do not depend on the machine.</summary>
    public long MaxSteps { get; init; } = long.MaxValue;

    /// <summary>Counts a step of a stage.</summary>
    public void CountStep() => steps.Value++;

    /// <summary>Type in which networks compute: unless told otherwise, bfloat16 on a GPU that has it, else float32.</summary>
    public ScalarType Type { get; init; } = GpuPaths.ForGpu(Device)?.Half == ScalarType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    public int Seed { get; init; } = 1;

    /// <summary>Threads that paint and prepare batches beside the one that trains.</summary>
    public int Threads { get; init; } = Math.Max(1, Environment.ProcessorCount - 2);

    public CancellationToken Cancellation { get; init; }

    public string InWork(string name) => Path.Combine(Work, name);

    public string InOutput(string name) => Path.Combine(Output, name);

    public void Say(string text) => Log(string.Create(CultureInfo.InvariantCulture, $"[{Elapsed.TotalSeconds,6:F1} s] {text}"));

    /// <summary>Waits until the device has done everything asked of it.</summary>
    public void Synchronize()
    {
        if (Device.type == TorchSharp.DeviceType.CUDA) cuda.synchronize();
    }
}
