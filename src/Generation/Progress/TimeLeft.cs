namespace Locutor.Generation.Progress;

/// <summary>Estimates the remaining time of a video from the duration of the completed denoising steps.</summary>
public sealed class TimeLeft(TimeProvider clock)
{
    private long? start;
    private double startFraction;

    /// <summary>Returns the remaining time at a given progress.</summary>
    /// <returns>The estimate; null until a step has been measured.</returns>
    public TimeSpan? After(GenerationProgress progress)
    {
        if (progress.Stage < GenerationStage.Denoising) return start is null ? null : Estimate(progress.Fraction);
        if (start is not null) return Estimate(progress.Fraction);
        start = clock.GetTimestamp();
        startFraction = progress.Fraction;
        return null;
    }

    private TimeSpan? Estimate(double fraction)
    {
        double done = fraction - startFraction;
        return done <= 0 ? null : clock.GetElapsedTime(start!.Value) * ((1 - fraction) / done);
    }
}
