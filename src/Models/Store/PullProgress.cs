namespace Locutor.Models.Store;

/// <summary>Progress of a download or of the preparation of a file.</summary>
/// <param name="Bytes">Bytes on disk, including those of earlier runs.</param>
/// <param name="TotalBytes">Total bytes of the files that were missing at the start.</param>
/// <param name="BytesPerSecond">Average rate of the last seconds.</param>
/// <param name="Left">Estimated remaining time; null while no data arrive.</param>
/// <param name="File">The current file or step.</param>
/// <param name="FilesDone">Number of complete files or steps.</param>
/// <param name="Files">Number of files that were missing at the start, or of steps.</param>
public sealed record PullProgress(
    long Bytes, long TotalBytes, double BytesPerSecond, TimeSpan? Left, string File, int FilesDone, int Files);

/// <summary>Counts arriving bytes and reports the progress a few times per second.</summary>
public sealed class ProgressMeter(long totalBytes, int files, IProgress<PullProgress>? report, TimeProvider time, int filesDone = 0)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250), Window = TimeSpan.FromSeconds(8);
    private readonly Queue<(long At, long Bytes)> samples = new();
    private readonly Lock gate = new();
    private long bytes, resumed, lastReport;
    private string file = "";
    private int filesDone = filesDone;

    public void Begin(string name)
    {
        lock (gate) file = name;
    }

    /// <summary>Adds bytes of an earlier run; they count as progress but not for the rate.</summary>
    public void Resume(long count)
    {
        lock (gate) resumed += count;
    }

    public void Add(long count)
    {
        lock (gate)
        {
            bytes += count;
            long now = time.GetTimestamp();
            if (lastReport != 0 && time.GetElapsedTime(lastReport, now) < Every) return;
            lastReport = now;
            samples.Enqueue((now, bytes));
            while (samples.Count > 2 && time.GetElapsedTime(samples.Peek().At, now) > Window) samples.Dequeue();
            report?.Report(Now());
        }
    }

    public void End()
    {
        lock (gate)
        {
            filesDone++;
            report?.Report(Now());
        }
    }

    private PullProgress Now()
    {
        long done = bytes + resumed;
        double speed = 0;
        if (samples.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At).TotalSeconds is > 0.05 and var seconds)
            speed = (bytes - oldest.Bytes) / seconds;
        return new PullProgress(
            done, totalBytes, speed, speed > 0 ? TimeSpan.FromSeconds((totalBytes - done) / speed) : null, file, filesDone, files);
    }
}
