namespace Locutor.Media.Sound;

/// <summary>Mono sound.</summary>
/// <param name="SampleRate">Hz, at least 1.</param>
/// <param name="Samples">Finite; full scale is -1 to 1.</param>
public sealed record Waveform(int SampleRate, float[] Samples)
{
    public int SampleRate { get; } = SampleRate > 0 ? SampleRate : throw new ArgumentOutOfRangeException(nameof(SampleRate), SampleRate, "expected at least 1 Hz");

    /// <summary>Length in seconds.</summary>
    public double Seconds => (double)Samples.Length / SampleRate;
}
