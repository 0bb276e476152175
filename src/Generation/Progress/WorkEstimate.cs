namespace Locutor.Generation.Progress;

/// <summary>
/// Estimates how much of a video is done and how long the rest takes. Each phase weighs what it costs: what this video has measured so
/// far, else what earlier videos took, scaled by how fast this one is. It has no clock of its own.
/// </summary>
/// <param name="clips">Number of clips of the video; 0 if it is not known, and then there is no estimate.</param>
/// <param name="learned">Costs of earlier videos; null for none.</param>
/// <param name="finishParts">Equal parts of the completion of the file: the number of clips if all frames are encoded again, otherwise
/// 1.</param>
public sealed class WorkEstimate(int clips, WorkCosts? learned, int finishParts = 1)
{
    private const double UnknownFinish = 0.5, MostBeforeEnd = 0.99;

    /// <summary>Part of a clip's cost that must be measured before the speed of this video is believed.</summary>
    private const double LeastMeasured = 0.2;

    private readonly PhaseTimes times = new();
    private GenerationProgress current;
    private TimeSpan since;
    private bool started;
    private int resumedClips;
    private double prepare, measured, expected, fraction;
    private double? write, finish;

    /// <summary>Takes a report. Reports of the phase that runs already change nothing.</summary>
    /// <param name="progress">The report.</param>
    /// <param name="now">Time since the start of the video.</param>
    public void Enter(GenerationProgress progress, TimeSpan now)
    {
        if (started && Phase(progress) == Phase(current)) return;
        if (started) End(current, (now - since).TotalSeconds, last: progress.Stage == GenerationStage.Muxing);
        if (current.Clip == 0 && progress.Clip > 1) resumedClips = progress.Clip - 1;
        (current, since, started) = (progress, now, true);
    }

    /// <summary>Takes the time that the frames of a clip took to be written.</summary>
    public void Wrote(TimeSpan duration) => write = write is { } known ? (known + duration.TotalSeconds) / 2 : duration.TotalSeconds;

    /// <summary>Ends the video.</summary>
    /// <returns>The costs of this video; null if they are incomplete.</returns>
    public WorkCosts? Complete(TimeSpan now)
    {
        if (current.Stage == GenerationStage.Muxing) finish = (now - since).TotalSeconds;
        fraction = 1;
        var first = times.Clip(first: true) ?? learned?.First;
        var later = times.Clip(first: false) ?? learned?.Later ?? first;
        return first is null || later is null
            ? null
            : new WorkCosts(prepare, first, later, write ?? 0, finish / finishParts ?? UnknownFinish);
    }

    /// <summary>Returns the completed part, which never falls, and the time left; null while that is unknown.</summary>
    public (double Fraction, TimeSpan? Left) At(TimeSpan now)
    {
        double? left = Left((now - since).TotalSeconds);
        double resumed = resumedClips * (Later()?.Clip(current.Steps) ?? 0);
        double done = left is { } rest
            ? (now.TotalSeconds + resumed) / Math.Max(now.TotalSeconds + resumed + rest, 1e-3)
            : current.Clip == 0 || clips == 0 ? 0 : (current.Clip - 1 + current.Step / (double)Math.Max(current.Steps, 1)) / clips;
        fraction = Math.Max(fraction, Math.Min(done, MostBeforeEnd));
        return (fraction, left is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
    }

    private static (GenerationStage, int, int) Phase(GenerationProgress progress) => (progress.Stage, progress.Clip, progress.Step);

    private void End(GenerationProgress phase, double seconds, bool last)
    {
        if (phase.Clip == 0)
        {
            prepare += seconds;
            return;
        }
        bool first = phase.Clip == 1;
        if (Learned(first) is { } known)
        {
            measured += seconds;
            expected += Cost(known, phase.Stage);
        }
        // The last clip is written after it was decoded; this is no time of its decoding.
        if (last && phase.Stage == GenerationStage.Decoding) seconds = Math.Max(0, seconds - (write ?? 0));
        times.Add(phase.Stage, first, seconds);
    }

    private double? Left(double inPhase)
    {
        double finishing = finishParts * (learned?.Finish * Speed() ?? UnknownFinish);
        if (current.Stage == GenerationStage.Muxing) return Math.Max(0, finishing - inPhase);
        if (clips == 0 || Later() is not { } later) return null;
        double writing = write ?? learned?.Write * Speed() ?? 0;
        var here = current.Clip <= 1 ? First() ?? later : later;
        var (steps, following) = (current.Steps, (clips - current.Clip) * later.Clip(current.Steps) + finishing);
        return (current.Clip, current.Stage) switch
        {
            (0, _) => Rest(learned?.Prepare ?? 0) + here.Clip(steps) - later.Clip(steps) + writing + following,
            (_, GenerationStage.Encoding) => Rest(here.Encode) + steps * here.Step + here.Decode + writing + following,
            (_, GenerationStage.Denoising) => Rest(here.Step) + (steps - current.Step - 1) * here.Step + here.Decode + writing + following,
            _ when current.Clip == clips => Rest(here.Decode + writing) + following, // its frames are written in this phase
            _ => Rest(here.Decode) + writing + following,
        };

        double Rest(double cost) => Math.Max(0, cost - inPhase);
    }

    private static double Cost(ClipCosts costs, GenerationStage stage) => stage switch
    {
        GenerationStage.Denoising => costs.Step,
        GenerationStage.Decoding => costs.Decode,
        _ => costs.Encode,
    };

    private ClipCosts? Later() => times.Clip(first: false) ?? Scaled(learned?.Later) ?? times.Clip(first: true);

    private ClipCosts? First() => times.Clip(first: true) ?? Scaled(learned?.First);

    private ClipCosts? Learned(bool first) => first ? learned?.First : learned?.Later;

    private ClipCosts? Scaled(ClipCosts? costs) =>
        costs is null ? null : new(costs.Encode * Speed(), costs.Step * Speed(), costs.Decode * Speed());

    /// <summary>How much longer this video takes than earlier ones.</summary>
    private double Speed() =>
        learned is not null && expected > LeastMeasured * learned.First.Clip(current.Steps) ? measured / expected : 1;
}
