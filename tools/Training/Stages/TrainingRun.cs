using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Locutor.Kernels.Devices;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>The settings that all stages of a training run share: the device, the folders, and the time limit of this call.</summary>
/// <param name="Device">The device on which networks are trained.</param>
/// <param name="Work">The folder of the data with which a later call continues: full optimiser state, latents, measurements.</param>
/// <param name="Output">The folder of results: compact checkpoints, curves and sample sheets.</param>
/// <param name="Ends">The time at which this call must end, on the clock of <see cref="Elapsed"/>.</param>
/// <param name="Log">Receives the lines of the log.</param>
public sealed record TrainingRun(Device Device, string Work, string Output, TimeSpan Ends, Action<string> Log)
{
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly StrongBox<long> steps = new(); // Copies of this record share the counter, as they share the clock.

    public TimeSpan Elapsed => clock.Elapsed;

    /// <summary>Whether the call should end. A stage then saves its state.</summary>
    public bool IsOver => clock.Elapsed >= Ends || steps.Value >= MaxSteps;

    /// <summary>
    /// The number of steps of all stages together after which the call ends, even if there is time left. Unlike time, steps do not depend
    /// on the machine.
    /// </summary>
    public long MaxSteps { get; init; } = long.MaxValue;

    /// <summary>Counts a step of a stage.</summary>
    public void CountStep() => steps.Value++;

    /// <summary>The dtype in which networks compute. By default it is bfloat16 on a GPU that supports it, and float32 otherwise.</summary>
    public ScalarType Type { get; init; } = GpuPaths.ForGpu(Device)?.Half == ScalarType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    public int Seed { get; init; } = 1;

    /// <summary>The number of threads that render and prepare batches while another thread trains.</summary>
    public int Threads { get; init; } = Math.Max(1, Environment.ProcessorCount - 2);

    public CancellationToken Cancellation { get; init; }

    public string InWork(string name) => Path.Combine(Work, name);

    public string InOutput(string name) => Path.Combine(Output, name);

    public void Say(string text) => Log(string.Create(CultureInfo.InvariantCulture, $"[{Elapsed.TotalSeconds,6:F1} s] {text}"));

    /// <summary>Waits until the device has finished all queued work.</summary>
    public void Synchronize()
    {
        if (Device.type == TorchSharp.DeviceType.CUDA) cuda.synchronize();
    }
}
