namespace Locutor.Media.Sound;

/// <summary>A sequential source of mono samples.</summary>
public interface ISampleSource
{
    /// <summary>Waits for the next samples.</summary>
    /// <returns>Number of samples written to <paramref name="samples"/>; 0 at the end.</returns>
    /// <exception cref="MediaException">The audio cannot be used.</exception>
    ValueTask<int> ReadAsync(Memory<float> samples, CancellationToken cancellationToken);
}
