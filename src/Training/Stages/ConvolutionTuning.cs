using System.Globalization;
using Locutor.Torch.Loading;

namespace Locutor.Training.Stages;

/// <summary>
/// Finds out while training whether cuDNN should time its algorithms: some steps without, some with, then whichever was faster. Choosing
/// takes seconds for every new shape of batch, so it must pay.
/// </summary>
internal sealed class ConvolutionTuning(TrainingRun run)
{
    private const int Skipped = 4, Measured = 16;
    private readonly bool possible = run.Device.type == TorchSharp.DeviceType.CUDA;
    private int step = -1;
    private double begun, without;

    /// <summary>From now on batches have a shape that stays for long.</summary>
    public void Begin() => step = 0;

    /// <summary>Call before every step.</summary>
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
                run.Say(string.Create(CultureInfo.InvariantCulture, $"convolutions: {Measured / without:F1} steps/s as chosen by rule, {Measured / with:F1} as timed: {(keep ? "timed" : "rule")} is kept"));
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
