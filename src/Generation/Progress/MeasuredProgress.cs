namespace Locutor.Generation.Progress;

/// <summary>
/// Adds the completed part and the time left to every report, repeats the latest report twice a second, so that they change during long
/// phases too, and stores the measured durations for the estimate of the next video.
/// </summary>
internal sealed class MeasuredProgress : IProgress<GenerationProgress>, IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(0.5);

    private readonly IProgress<GenerationProgress>? outer;
    private readonly TimeProvider time;
    private readonly long start;
    private readonly string key;
    private readonly WorkCosts? learned;
    private readonly WorkEstimate estimate;
    private readonly ITimer timer;
    private readonly Lock turn = new();
    private GenerationProgress latest;
    private bool any, over;

    /// <summary>Begins to measure a video.</summary>
    /// <param name="outer">Receives the reports; null for nobody.</param>
    /// <param name="key">Text that contains everything on which the cost of a clip depends.</param>
    /// <param name="clips">Number of clips of the video; 0 if it is not known, and then there is no estimate.</param>
    /// <param name="finishParts">See <see cref="WorkEstimate"/>.</param>
    /// <param name="time">The clock.</param>
    public MeasuredProgress(IProgress<GenerationProgress>? outer, string key, int clips, int finishParts, TimeProvider time)
    {
        (this.outer, this.key, this.time, start) = (outer, key, time, time.GetTimestamp());
        learned = WorkCosts.Load(key);
        estimate = new WorkEstimate(clips, learned, finishParts);
        timer = time.CreateTimer(_ => Repeat(), null, Beat, Beat);
    }

    private TimeSpan Now => time.GetElapsedTime(start);

    public void Report(GenerationProgress value)
    {
        lock (turn)
        {
            estimate.Enter(value, Now);
            (latest, any) = (value, true);
            Show(value);
        }
    }

    /// <summary>Reports the end of the video.</summary>
    /// <param name="keep">Whether to store its durations.</param>
    public void Complete(bool keep)
    {
        lock (turn)
        {
            over = true;
            if (keep) estimate.Complete(Now)?.Save(key, learned);
            outer?.Report(latest with { Fraction = 1, TimeLeft = TimeSpan.Zero, Preview = null });
        }
    }

    public void Dispose()
    {
        lock (turn) over = true;
        timer.Dispose();
    }

    private void Repeat()
    {
        lock (turn)
        {
            if (any && !over) Show(latest with { Preview = null });
        }
    }

    private void Show(GenerationProgress value)
    {
        var (fraction, left) = estimate.At(Now);
        outer?.Report(value with { Fraction = fraction, TimeLeft = left });
    }
}
