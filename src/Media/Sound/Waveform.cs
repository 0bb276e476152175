namespace Locutor.Media.Sound;

/// <summary>Mono audio in memory.</summary>
/// <param name="SampleRate">Sample rate in Hz, at least 1.</param>
/// <param name="Samples">Finite samples; full scale is -1 to 1.</param>
public sealed record Waveform(int SampleRate, float[] Samples)
{
    public int SampleRate { get; } = SampleRate > 0
        ? SampleRate
        : throw new ArgumentOutOfRangeException(nameof(SampleRate), SampleRate, "expected at least 1 Hz");

    /// <summary>Duration in seconds.</summary>
    public double Seconds => (double)Samples.Length / SampleRate;
}
