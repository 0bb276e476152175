namespace Locutor.Media.Sound;

/// <summary>The values that samples of a sound may have. Full scale is 1.</summary>
internal static class SampleRange
{
    /// <summary>
    /// Largest amplitude: more than that of 24-bit integers which a program stored as floats without scaling them. The encoder takes
    /// none that are much larger (2^31 is too much for AAC), and their squares overflow.
    /// </summary>
    public const float Largest = 1 << 24;

    /// <summary>Returns what was expected in place of a sample; null if the sample is usable.</summary>
    public static string? Expected(float sample) => MathF.Abs(sample) <= Largest ? null
        : float.IsFinite(sample) ? "an amplitude of at most 2^24, where full scale is 1"
        : "a finite number";
}
