namespace Locutor.Media.Sound;

/// <summary>Mono samples one after the other.</summary>
public interface ISampleSource
{
    /// <summary>Waits for the next samples.</summary>
    /// <returns>How many were put into <paramref name="samples"/>; 0 at the end.</returns>
    /// <exception cref="MediaException">The sound cannot be used.</exception>
    ValueTask<int> ReadAsync(Memory<float> samples, CancellationToken ct);
}
