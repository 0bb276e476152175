using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>The speech of one person, from a complete track or from audio that is still arriving.</summary>
public interface ISpeech : IDisposable
{
    /// <summary>Waits for the audio of all frames before <paramref name="end"/>. Later calls must not have a smaller end.</summary>
    /// <returns><paramref name="end"/>, or fewer frames if the audio has ended earlier.</returns>
    ValueTask<int> ReadAsync(int end, CancellationToken cancellationToken);

    /// <summary>Returns the embeddings around each frame of a clip; its audio has to be read before.</summary>
    /// <param name="start">First video frame of the clip.</param>
    /// <param name="frames">Number of frames in the clip.</param>
    /// <param name="window">Number of embeddings per frame; odd.</param>
    /// <returns>[frames, window, blocks, channels], float32.</returns>
    Tensor Windows(int start, int frames, int window);
}
