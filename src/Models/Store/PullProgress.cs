namespace Locutor.Models.Store;

/// <summary>How far a pull, or the preparation of a file, is.</summary>
/// <param name="Bytes">On disk already, those of earlier runs included.</param>
/// <param name="TotalBytes">Of all files that were missing when the pull began.</param>
/// <param name="BytesPerSecond">Over the last seconds.</param>
/// <param name="Left">Estimated; null while nothing arrives.</param>
/// <param name="File">The file being fetched, or what is being done.</param>
/// <param name="FilesDone">Whole files, or steps that are done.</param>
/// <param name="Files">Files that were missing when the pull began, or steps.</param>
public sealed record PullProgress(long Bytes, long TotalBytes, double BytesPerSecond, TimeSpan? Left, string File, int FilesDone, int Files);

/// <summary>Adds up what arrives and reports it a few times a second.</summary>
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

    /// <summary>Bytes that were there before; they count, but not as speed.</summary>
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
        if (samples.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At).TotalSeconds is > 0.05 and var seconds) speed = (bytes - oldest.Bytes) / seconds;
        return new PullProgress(done, totalBytes, speed, speed > 0 ? TimeSpan.FromSeconds((totalBytes - done) / speed) : null, file, filesDone, files);
    }
}
