using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>The speech of one person as clips read it: of a track that is whole, or of sound that still comes.</summary>
public interface ISpeech : IDisposable
{
    /// <summary>Waits for the sound of all frames before <paramref name="end"/>. Ends never go back.</summary>
    /// <returns><paramref name="end"/>, or fewer frames where the sound has ended before.</returns>
    ValueTask<int> ReadAsync(int end, CancellationToken ct);

    /// <summary>The embeddings around every frame of a clip, whose sound was read.</summary>
    /// <param name="start">First video frame of the clip.</param>
    /// <param name="frames">Frames of the clip.</param>
    /// <param name="window">Embeddings for a frame; odd.</param>
    /// <returns>[frames, window, blocks, channels], float32.</returns>
    Tensor Windows(int start, int frames, int window);
}
