using System.Diagnostics;
using Locutor.Generation.Parts;
using Locutor.Jobs.Records;

namespace Locutor.Service.Workers;

/// <summary>The progress of a video whose parts are made by several workers: the mean over its parts, and then their joining.</summary>
/// <param name="outer">Receives the progress of the video.</param>
/// <param name="plan">The parts.</param>
internal sealed class PartedProgress(IProgress<JobProgress> outer, IReadOnlyList<VideoPart> plan)
{
    private const double JoinPercent = 3, Most = 99;

    // The time left is computed from the speed of the video as soon as this percentage of it is finished.
    private const double LeastPercentForPace = 2;

    private readonly Stopwatch clock = new(), joining = new();
    private readonly Lock turn = new();
    private readonly JobProgress?[] parts = new JobProgress?[plan.Count];
    private readonly bool[] done = new bool[plan.Count];
    private double atStart; // percent when the clock started
    private int? own;
    private double percent;
    private double? joinedBefore; // the share that was joined while the parts were made
    private string? notice;

    /// <summary>The notice about the inputs; null when there is none.</summary>
    public string? Notice
    {
        get
        {
            lock (turn) return notice;
        }
    }

    /// <summary>Returns the receiver for the progress of a part that this worker makes.</summary>
    public IProgress<JobProgress> Of(int part)
    {
        lock (turn) own = part;
        return new Part(this, part);
    }

    /// <summary>Records the progress of a part; null if it is not known.</summary>
    public void Report(int part, JobProgress? value)
    {
        lock (turn)
        {
            parts[part] = value ?? parts[part];
            notice ??= value?.Notice;
            Show();
        }
    }

    /// <summary>Records that a part is complete.</summary>
    public void Complete(int part)
    {
        lock (turn)
        {
            done[part] = true;
            if (own == part) own = null;
            Show();
        }
    }

    /// <summary>Records the joined share of the video, from 0 to 1, when all parts are complete.</summary>
    public void Joined(double share)
    {
        if (!joining.IsRunning) joining.Start();
        double since = share - (joinedBefore ??= share);
        outer.Report(new JobProgress
        {
            Stage = JobStage.Muxing,
            Percent = Most - JoinPercent * (1 - share),
            Step = (int)(100 * share),
            Steps = 100,
            EtaSeconds = since > 0 ? joining.Elapsed.TotalSeconds * (1 - share) / since : null,
            Notice = notice,
        });
    }

    private void Show()
    {
        int shown = own ?? Enumerable.Range(0, plan.Count).FirstOrDefault(part => !done[part] && parts[part] is not null, 0);
        var latest = parts[shown] ?? new JobProgress { Stage = JobStage.Loading };
        double frames = plan.Sum(part => part.Count);
        double mean = plan.Select((part, i) => part.Count * (done[i] ? 100 : parts[i]?.Percent ?? 0)).Sum() / frames;
        percent = Math.Max(percent, mean * (Most - JoinPercent) / 100); // a part that begins again does not move the bar back
        bool known = parts.All(part => part is { Clips: > 0 });
        if (!clock.IsRunning)
        {
            atStart = mean;
            clock.Start();
        }
        double?[] left = [.. parts.Where((_, i) => !done[i]).Select(part => part?.EtaSeconds)];
        outer.Report(latest with
        {
            Percent = percent,
            Clip = parts.Select((part, i) => (done[i] ? part?.Clips : part?.Clip) ?? 0).Sum(),
            Clips = known ? parts.Sum(part => part!.Clips) : 0,
            EtaSeconds = left.All(seconds => seconds is not null) ? left.Max() : PaceLeft(mean),
            Notice = notice,
        });
    }

    /// <summary>Returns the time left by the pace so far, since a part that no worker has begun tells none; null at the start.</summary>
    private double? PaceLeft(double mean) => mean - atStart < LeastPercentForPace
        ? null
        : clock.Elapsed.TotalSeconds * (100 - mean) / (mean - atStart);

    private sealed class Part(PartedProgress video, int part) : IProgress<JobProgress>
    {
        public void Report(JobProgress value) => video.Report(part, value);
    }
}
