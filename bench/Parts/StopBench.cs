using System.Diagnostics;
using Locutor.Generation.Progress;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>
/// Measures how soon a clip on several GPUs ends after it is cancelled, and after one GPU fails. The failure is real: all of the last GPU's
/// memory is taken while a clip denoises.
/// </summary>
internal sealed class StopBench(IReadOnlyList<Device> gpus)
{
    private const string Part = "clip";
    private const long LargestPiece = 1L << 30, SmallestPiece = 1L << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), IntoPass = TimeSpan.FromSeconds(0.2);

    /// <summary>Measures both. The cancelled clip comes last, so that it also shows that the GPUs work after the failure.</summary>
    /// <param name="clip">Generates a clip of two steps or more.</param>
    public IEnumerable<BenchRow> Run(Func<IProgress<GenerationProgress>, CancellationToken, Task> clip)
    {
        if (gpus[^1].type == TorchSharp.DeviceType.CUDA) yield return Failure(clip);
        yield return Cancellation(clip);
    }

    private BenchRow Failure(Func<IProgress<GenerationProgress>, CancellationToken, Task> clip)
    {
        var taken = new List<Tensor>();
        long since = 0;
        var progress = new AtSecondStep(() =>
        {
            if (since > 0) return;
            Fill(gpus[^1], taken);
            since = Stopwatch.GetTimestamp();
        });
        var failure = Ended(() => clip(progress, CancellationToken.None));
        double seconds = IdleSince(since);
        foreach (var one in taken) one.Dispose();
        return failure is null or TimeoutException
            ? throw new BenchException($"{gpus[^1]} had no memory left, and the clip ended with {failure?.Message ?? "success"}")
            : new BenchRow(Part, $"{gpus[^1]} out of memory: until the clip ends and all GPUs are idle", seconds)
            {
                Note = failure.Message.Split('\n')[0],
            };
    }

    private BenchRow Cancellation(Func<IProgress<GenerationProgress>, CancellationToken, Task> clip)
    {
        using var stop = new CancellationTokenSource();
        long since = 0;
        var progress = new AtSecondStep(() => _ = Task.Delay(IntoPass).ContinueWith(
            _ =>
            {
                since = Stopwatch.GetTimestamp();
                stop.Cancel();
            }, TaskScheduler.Default));
        var failure = Ended(() => clip(progress, stop.Token));
        double seconds = IdleSince(since);
        return failure is OperationCanceledException
            ? new BenchRow(Part, "cancelled within a pass: until the clip ends and all GPUs are idle", seconds)
            : throw new BenchException($"a cancelled clip ended with {failure?.Message ?? "success"}");
    }

    private static Exception? Ended(Func<Task> clip)
    {
        try
        {
            Task.Run(clip).WaitAsync(Patience).GetAwaiter().GetResult();
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    private double IdleSince(long since)
    {
        foreach (var gpu in gpus)
            if (gpu.type == TorchSharp.DeviceType.CUDA) cuda.synchronize(gpu);
        return Stopwatch.GetElapsedTime(since).TotalSeconds;
    }

    /// <summary>Allocates all memory of a GPU, including memory that libtorch keeps for reuse.</summary>
    private static void Fill(Device gpu, List<Tensor> taken)
    {
        for (long piece = LargestPiece; piece >= SmallestPiece; piece /= 4)
        {
            try
            {
                while (true) taken.Add(empty(piece, ScalarType.Byte, gpu).DetachFromDisposeScope());
            }
            catch (System.Runtime.InteropServices.ExternalException)
            {
                // no piece of this size is free
            }
        }
    }

    /// <summary>Runs an action when the second denoising step begins.</summary>
    private sealed class AtSecondStep(Action action) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value)
        {
            if (value is { Stage: GenerationStage.Denoising, Step: 1 }) action();
        }
    }
}
