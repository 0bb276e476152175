using System.Globalization;
using Locutor.Torch.Loading;

namespace Locutor.Training.Stages;

/// <summary>
/// Decides during training whether cuDNN should benchmark its algorithms. It times some steps without and some with the benchmark and
/// keeps the faster mode. A benchmark takes seconds for every new shape of a batch, so it is not always worth it.
/// </summary>
internal sealed class ConvolutionTuning(TrainingRun run)
{
    private const int Skipped = 4, Measured = 16;
    private readonly bool possible = run.Device.type == TorchSharp.DeviceType.CUDA;
    private int step = -1;
    private double begun, without;

    /// <summary>Starts a new measurement. Call it when batches get a new shape that will be used for many steps.</summary>
    public void Begin() => step = 0;

    /// <summary>Counts a step. Call it before every step.</summary>
    public void Tick()
    {
        if (!possible || step < 0) return;
        switch (step++)
        {
            case Skipped or 2 * Skipped + Measured:
                begun = Now();
                break;
            case Skipped + Measured:
                without = Now() - begun;
                TorchLibraries.TrySetCudnnBenchmark(true);
                break;
            case 2 * (Skipped + Measured):
                double with = Now() - begun;
                bool keep = with < 0.93 * without;
                run.Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"convolutions: {Measured / without:F1} steps/s without cuDNN's benchmark, {Measured / with:F1} with it; it stays " +
                    $"{(keep ? "on" : "off")}"));
                if (!keep) TorchLibraries.TrySetCudnnBenchmark(false);
                step = -1;
                break;
        }
    }

    private double Now()
    {
        run.Synchronize();
        return run.Elapsed.TotalSeconds;
    }
}
