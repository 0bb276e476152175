using System.Runtime.InteropServices;

namespace Locutor.Media.Sound;

/// <summary>Mono sound in a temporary file, so that an hour of it takes no memory.</summary>
public sealed class StoredSound : IDisposable
{
    private readonly ScratchFile file = new();

    private StoredSound(int sampleRate, long samples) => (SampleRate, Samples) = (sampleRate, samples);

    public int SampleRate { get; }

    /// <summary>How many there are.</summary>
    public long Samples { get; }

    /// <summary>Length in seconds.</summary>
    public double Seconds => (double)Samples / SampleRate;

    /// <exception cref="MediaException">The temporary file cannot be written.</exception>
    public static StoredSound Store(Waveform waveform)
    {
        var stored = new StoredSound(waveform.SampleRate, waveform.Samples.LongLength);
        try
        {
            stored.file.Write(0, MemoryMarshal.AsBytes(waveform.Samples.AsSpan()));
            return stored;
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Fills <paramref name="samples"/> with those from <paramref name="start"/> on; they must lie within the sound.</summary>
    public void Read(long start, Span<float> samples) => file.Read(start * sizeof(float), MemoryMarshal.AsBytes(samples));

    public void Dispose() => file.Dispose();
}
