using System.Diagnostics;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>Measures the time and the memory of work on a device.</summary>
internal sealed class Meter(Device device, int repeat)
{
    private const double GiB = 1L << 30;

    /// <summary>
    /// Largest number of bytes that libraries allocate for their own use. If memory grows by less, the tensors need not be the reason.
    /// </summary>
    private const long Workspace = 1L << 28;

    public bool OnGpu => device.type == TorchSharp.DeviceType.CUDA;

    public void Wait()
    {
        if (OnGpu) cuda.synchronize();
    }

    /// <summary>Returns the median seconds of the runs, after one run that is not timed.</summary>
    public double Median(Action work)
    {
        Once(work);
        return MedianOfWarm(work);
    }

    /// <summary>
    /// Returns the median seconds of short work. It times as many consecutive runs as take about 50 ms, after two that warm it up.
    /// </summary>
    public double MedianOfMany(Action work)
    {
        Once(work);
        int times = (int)Math.Clamp(0.05 / Math.Max(1e-6, Once(work)), 1, 1000);
        if (OnGpu) Once(Many); // a GPU raises its clock under load
        return MedianOfWarm(Many) / times;

        void Many()
        {
            for (int i = 0; i < times; i++)
            {
                using var scope = NewDisposeScope();
                work();
            }
        }
    }

    /// <summary>Returns the median seconds of the runs of work that has run before.</summary>
    private double MedianOfWarm(Action work)
    {
        double[] seconds = Enumerable.Range(0, repeat).Select(_ => Once(work)).Order().ToArray();
        return (seconds[(seconds.Length - 1) / 2] + seconds[seconds.Length / 2]) / 2;
    }

    public double Once(Action work)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        Wait();
        long start = Stopwatch.GetTimestamp();
        work();
        Wait();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>
    /// Returns the largest device memory in use by all processes during the work, sampled every few milliseconds. Null on the CPU, and if
    /// the work needed no more than was in use before: libtorch keeps what earlier work needed, so nothing is known then.
    /// </summary>
    /// <param name="work">The work.</param>
    /// <param name="others">Several GPUs, of which the one with the largest use counts; null: the GPU that is measured.</param>
    public double? Peak(Action work, IReadOnlyList<Device>? others = null)
    {
        if (!OnGpu)
        {
            work();
            return null;
        }
        int[] gpus = [.. (others ?? [device]).Select(gpu => Math.Max(0, gpu.index))];
        long[] before = [.. gpus.Select(Used)], most = [.. before];
        using var done = new CancellationTokenSource();
        var watch = Task.Factory.StartNew(
            () =>
            {
                do
                {
                    for (int i = 0; i < gpus.Length; i++) most[i] = Math.Max(most[i], Used(gpus[i]));
                }
                while (!done.Token.WaitHandle.WaitOne(5));
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            work();
            Wait();
        }
        finally
        {
            done.Cancel();
            watch.Wait();
        }
        return Largest(before, most);
    }

    /// <summary>Returns in GiB the largest use of the GPUs that needed more than was in use before; null if none did.</summary>
    internal static double? Largest(long[] before, long[] most)
    {
        long[] seen = [.. most.Where((bytes, gpu) => bytes > before[gpu] + Workspace)];
        return seen.Length > 0 ? seen.Max() / GiB : null;
    }

    private static long Used(int gpu)
    {
        var (free, total) = CudaDriver.Memory(gpu);
        return total - free;
    }

    public static double RelativeError(Tensor found, Tensor expected)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var exact = expected.to(ScalarType.Float32);
        double error = ((found.to(ScalarType.Float32) - exact).norm() / exact.norm()).item<float>();
        return double.IsFinite(error) ? error : double.PositiveInfinity;
    }

    /// <summary>Returns the row if its error is small enough.</summary>
    /// <exception cref="BenchException">The error is too large, so the operation must not be timed.</exception>
    public static BenchRow Checked(BenchRow row) => row.Error <= row.ErrorAllowed
        ? row
        : throw new BenchException(
            $"{row.Part}, {row.What}: differs from the plain float32 path by {row.Error:0.0e+0} (relative L2), at most " +
            $"{row.ErrorAllowed:0.0e+0} is allowed; nothing was timed");
}
