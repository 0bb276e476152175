namespace Locutor.Generation;

/// <summary>Guesses how long a video still takes, from how long its denoising took so far.</summary>
public sealed class TimeLeft(TimeProvider clock)
{
    private long? start;
    private double startFraction;

    /// <returns>Null until something was measured.</returns>
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
