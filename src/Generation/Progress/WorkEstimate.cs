namespace Locutor.Generation.Progress;

/// <summary>
/// Estimates the completed part of a video and the time left. It starts from the costs of earlier videos on this device or, for the first
/// video, from costs that are derived from its first clip. Every measured phase of a later clip corrects them. The caller passes the time.
/// </summary>
/// <param name="clips">Number of clips of the video; 0 if it is not known, and then there is no estimate.</param>
/// <param name="learned">Costs of earlier videos; null for none.</param>
/// <param name="finishParts">Equal parts of the completion of the file: the number of clips if all frames are encoded again, otherwise
/// 1.</param>
public sealed class WorkEstimate(int clips, WorkCosts? learned, int finishParts = 1)
{
    private const double MostBeforeEnd = 0.99;

    /// <summary>
    /// Weights of expected costs, in measured clips: of the costs of earlier videos, of their correction by the first clip of this video,
    /// and of the costs that are derived from the first clip if there are no earlier videos. The first clip has little weight, because its
    /// duration varies much: it waits for files and for threads that start.
    /// </summary>
    private const double TrustInLearned = 0.33, TrustInFirst = 0.16, TrustInTypical = 0.4;

    /// <summary>
    /// Difference of the logarithms of speed at which <see cref="TrustInLearned"/> is halved: the machine is busy, or it is another
    /// machine.
    /// </summary>
    private const double UsualDifference = 0.7;

    private readonly ClipTimes first = new(), later = new();
    private GenerationProgress current;
    private TimeSpan since;
    private bool started;
    private int resumedClips;
    private double prepare, fraction, lastDecode;
    private double? secondDecode;

    private int Steps => current.Steps;

    /// <summary>Number of the first clip of this run; an earlier run may have made the clips before it.</summary>
    private int FirstClip => resumedClips + 1;

    /// <summary>Adds a report. A report of the current phase has no effect.</summary>
    /// <param name="progress">The report.</param>
    /// <param name="now">Time since the start of the video.</param>
    public void Enter(GenerationProgress progress, TimeSpan now)
    {
        if (started && Phase(progress) == Phase(current)) return;
        if (started) End(current, (now - since).TotalSeconds, progress);
        if (current.Clip == 0 && progress.Clip > 1) resumedClips = progress.Clip - 1;
        (current, since, started) = (progress, now, true);
    }

    /// <summary>Ends the video.</summary>
    /// <returns>The costs of this video; null if they are incomplete.</returns>
    public WorkCosts? Complete(TimeSpan now)
    {
        double? finish = current.Stage == GenerationStage.Muxing ? (now - since).TotalSeconds / finishParts : null;
        fraction = 1;
        // The decoding of the last clip cannot be separated from the writing of its frames.
        bool only = first.Clips == 0;
        if (only) first.Add(GenerationStage.Decoding, lastDecode, Steps);
        if (first.Mean is not { } one) return null;
        var typical = TypicalClip.After(one, Steps);
        var others = later.Mean ?? typical.Later;
        return new WorkCosts(
            prepare, one, others, secondDecode is { } second ? Math.Max(0, second - others.Decode) : learned?.Start ?? typical.Start,
            only ? 0 : Math.Max(0, lastDecode - others.Decode), finish ?? learned?.Finish ?? TypicalClip.Finish)
        { Clips = later.Clips };
    }

    /// <summary>Returns the completed part, which never falls, and the time left; null while that is unknown.</summary>
    public (double Fraction, TimeSpan? Left) At(TimeSpan now)
    {
        var expected = Expected();
        double? left = Left(expected, (now - since).TotalSeconds);
        double before = now.TotalSeconds + resumedClips * (expected is null ? 0 : Later(expected).Clip(Steps));
        double done = left is { } rest
            ? before / Math.Max(before + rest, 1e-3)
            : current.Clip == 0 || clips == 0 ? 0 : (current.Clip - 1 + current.Step / (double)Math.Max(Steps, 1)) / clips;
        fraction = Math.Max(fraction, Math.Min(done, MostBeforeEnd));
        return (fraction, left is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
    }

    private static (GenerationStage, int, int) Phase(GenerationProgress progress) => (progress.Stage, progress.Clip, progress.Step);

    private void End(GenerationProgress phase, double seconds, GenerationProgress next)
    {
        if (phase.Clip == 0)
        {
            prepare += seconds;
        }
        else if (phase.Stage == GenerationStage.Decoding && next.Stage == GenerationStage.Muxing)
        {
            lastDecode = seconds; // includes the writing of the last frames
        }
        else if (phase.Stage == GenerationStage.Decoding && phase.Clip == FirstClip + 1)
        {
            secondDecode = seconds;
            double share = Expected() is { } usual ? usual.Later.Decode / Math.Max(1e-3, usual.Later.Decode + usual.Start) : 1;
            later.Add(phase.Stage, share * seconds, Steps, unsure: true); // without the start of the writer
        }
        else
        {
            (phase.Clip == FirstClip ? first : later).Add(phase.Stage, seconds, Steps);
        }
    }

    private double? Left(WorkCosts? expected, double inPhase)
    {
        if (current.Stage == GenerationStage.Muxing)
            return Math.Max(0, finishParts * (expected?.Finish ?? TypicalClip.Finish) - inPhase);
        if (clips == 0 || expected is null) return null;
        var next = Later(expected);
        double pace = next.Clip(Steps) / Math.Max(1e-3, expected.Later.Clip(Steps));
        double tail = expected.Tail * pace, start = current.Clip <= FirstClip + 1 && clips > FirstClip ? expected.Start * pace : 0;
        double after = (clips - Math.Max(1, current.Clip)) * next.Clip(Steps) + finishParts * expected.Finish * pace;
        var here = current.Clip <= FirstClip ? expected.First : next;
        double decode = here.Decode + (current.Clip == FirstClip + 1 ? start : 0);
        if (current.Clip <= FirstClip) after += start;
        return (current.Clip, current.Stage) switch
        {
            (0, _) => Rest(expected.Prepare) + here.Clip(Steps) + tail + after,
            (_, GenerationStage.Encoding) => Rest(here.Encode) + Steps * here.Step + decode + tail + after,
            (_, GenerationStage.Denoising) => Rest(here.Step) + (Steps - current.Step - 1) * here.Step + decode + tail + after,
            _ when current.Clip == clips => Rest(decode + tail) + after,
            _ => Rest(decode) + tail + after,
        };

        double Rest(double cost) => Math.Max(0, cost - inPhase);
    }

    /// <summary>Returns the costs of the clips that follow.</summary>
    private ClipCosts Later(WorkCosts expected)
    {
        if (learned is null) return later.Estimate(expected.Later, TrustInTypical);
        var (speed, trust) = Speed(learned);
        return later.Estimate(expected.Later.Times(speed), trust);
    }

    /// <summary>
    /// Returns the factor by which this video is slower than earlier ones, estimated from its first clip, and the weight of this estimate
    /// in measured clips.
    /// </summary>
    private (double Factor, double Trust) Speed(WorkCosts known)
    {
        if (first.Mean is not { } here) return (1, TrustInLearned);
        double ratio = here.Clip(Steps) / Math.Max(1e-3, known.First.Clip(Steps));
        double difference = Math.Log(Math.Max(1e-3, ratio)) / UsualDifference;
        double trust = TrustInLearned / (1 + difference * difference);
        return (Math.Pow(ratio, TrustInFirst / (TrustInFirst + trust)), TrustInFirst + trust);
    }

    /// <summary>Returns the expected costs without the measurements of later clips; null while nothing is known.</summary>
    private WorkCosts? Expected() => learned is not null
        ? learned with { First = first.Estimate(learned.First, TrustInLearned) }
        : (first.Mean ?? first.Begun) is { } clip ? TypicalClip.After(clip, Steps) : null;
}
