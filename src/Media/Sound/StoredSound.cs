using System.Runtime.InteropServices;

namespace Locutor.Media.Sound;

/// <summary>Mono audio in a temporary file, so that memory use does not depend on its length.</summary>
/// <param name="sampleRate">Sample rate in Hz.</param>
public sealed class StoredSound(int sampleRate) : IDisposable
{
    private readonly ScratchFile file = new();
    private long stored; // number of samples in the file
    private long start; // number of silent samples before them
    private long least; // total length with the silence after them

    public int SampleRate { get; } = sampleRate;

    /// <summary>Number of samples.</summary>
    public long Samples => Math.Max(least, start + stored);

    /// <summary>Duration in seconds.</summary>
    public double Seconds => (double)Samples / SampleRate;

    /// <summary>Peak amplitude of the stored samples; full scale is 1.</summary>
    public float Peak { get; private set; }

    /// <summary>Stores audio that is in memory.</summary>
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

    /// <summary>Appends samples.</summary>
    /// <exception cref="MediaException">The temporary file cannot be written.</exception>
    public void Append(ReadOnlySpan<float> samples)
    {
        file.Write(stored * sizeof(float), MemoryMarshal.AsBytes(samples));
        stored += samples.Length;
        foreach (float sample in samples) Peak = Math.Max(Peak, Math.Abs(sample));
    }

    /// <summary>Adds silence before and after the stored samples; the silence takes no disk space.</summary>
    /// <param name="position">Position of the first stored sample.</param>
    /// <param name="length">Total number of samples; greater if the stored samples end later.</param>
    public void Place(long position, long length) => (start, least) = (position, length);

    /// <summary>Fills <paramref name="samples"/> from <paramref name="position"/> on; the range must lie within the audio.</summary>
    public void Read(long position, Span<float> samples)
    {
        if (position < 0 || position + samples.Length > Samples)
            throw new EndOfStreamException($"a sound has {Samples} samples, expected {position + samples.Length}");
        long first = Math.Clamp(start - position, 0, samples.Length), end = Math.Clamp(start + stored - position, first, samples.Length);
        samples[..(int)first].Clear();
        samples[(int)end..].Clear();
        if (end > first) file.Read((position + first - start) * sizeof(float), MemoryMarshal.AsBytes(samples[(int)first..(int)end]));
    }

    /// <summary>Copies a range of the audio, which must lie within it, to a temporary file of its own.</summary>
    /// <exception cref="MediaException">The temporary file cannot be written.</exception>
    public StoredSound Cut(long position, long count)
    {
        var cut = new StoredSound(SampleRate);
        try
        {
            float[] samples = new float[Math.Min(count, SampleRate)];
            for (long done = 0; done < count; done += samples.Length)
            {
                var piece = samples.AsSpan(0, (int)Math.Min(samples.Length, count - done));
                Read(position + done, piece);
                cut.Append(piece);
            }
            return cut;
        }
        catch
        {
            cut.Dispose();
            throw;
        }
    }

    /// <summary>Reads all samples into memory.</summary>
    public Waveform ToWaveform()
    {
        float[] samples = new float[Samples];
        Read(0, samples);
        return new Waveform(SampleRate, samples);
    }

    public void Dispose() => file.Dispose();
}
