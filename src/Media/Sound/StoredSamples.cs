namespace Locutor.Media.Sound;

/// <summary>Reads stored audio from its beginning.</summary>
/// <param name="sound">The audio; the caller disposes it.</param>
public sealed class StoredSamples(StoredSound sound) : ISampleSource
{
    private long position;

    public ValueTask<int> ReadAsync(Memory<float> samples, CancellationToken cancellationToken)
    {
        int count = (int)Math.Min(samples.Length, sound.Samples - position);
        sound.Read(position, samples.Span[..count]);
        position += count;
        return ValueTask.FromResult(count);
    }
}
