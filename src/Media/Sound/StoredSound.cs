using System.Runtime.InteropServices;

namespace Locutor.Media.Sound;

/// <summary>Mono sound in a temporary file, so that an hour of it takes no memory.</summary>
/// <param name="sampleRate">Hz.</param>
public sealed class StoredSound(int sampleRate) : IDisposable
{
    private readonly ScratchFile file = new();
    private long stored; // samples in the file
    private long start; // samples of silence before them
    private long least; // length with the silence after them

    public int SampleRate { get; } = sampleRate;

    /// <summary>How many there are.</summary>
    public long Samples => Math.Max(least, start + stored);

    /// <summary>Length in seconds.</summary>
    public double Seconds => (double)Samples / SampleRate;

    /// <exception cref="MediaException">The temporary file cannot be written.</exception>
    public static StoredSound From(Waveform waveform)
    {
        var sound = new StoredSound(waveform.SampleRate);
        try
        {
            sound.Append(waveform.Samples);
            return sound;
        }
        catch
        {
            sound.Dispose();
            throw;
        }
    }

    /// <summary>Adds samples behind those that are stored.</summary>
    /// <exception cref="MediaException">The temporary file cannot be written.</exception>
    public void Append(ReadOnlySpan<float> samples)
    {
        file.Write(stored * sizeof(float), MemoryMarshal.AsBytes(samples));
        stored += samples.Length;
    }

    /// <summary>Puts silence around the stored samples, without writing it.</summary>
    /// <param name="position">Of the first stored sample.</param>
    /// <param name="length">Samples in all; more where the stored ones end later.</param>
    public void Place(long position, long length) => (start, least) = (position, length);

    /// <summary>Fills <paramref name="samples"/> with those from <paramref name="position"/> on; they must lie within the sound.</summary>
    public void Read(long position, Span<float> samples)
    {
        if (position < 0 || position + samples.Length > Samples) throw new EndOfStreamException($"a sound has {Samples} samples, expected {position + samples.Length}");
        long first = Math.Clamp(start - position, 0, samples.Length), end = Math.Clamp(start + stored - position, first, samples.Length);
        samples[..(int)first].Clear();
        samples[(int)end..].Clear();
        if (end > first) file.Read((position + first - start) * sizeof(float), MemoryMarshal.AsBytes(samples[(int)first..(int)end]));
    }

    /// <summary>All of it in memory.</summary>
    public Waveform ToWaveform()
    {
        float[] samples = new float[Samples];
        Read(0, samples);
        return new Waveform(SampleRate, samples);
    }

    public void Dispose() => file.Dispose();
}
