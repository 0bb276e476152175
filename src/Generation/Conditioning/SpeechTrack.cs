using Locutor.Media;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>
/// The speech embedding of a whole voice in a temporary file. A clip reads only the frames around its own, so memory use does not grow with
/// the length.
/// </summary>
public sealed class SpeechTrack : ISpeech
{
    private readonly ScratchFile file = new();

    /// <summary>Creates an empty track in a temporary file.</summary>
    /// <param name="frames">Number of video frames.</param>
    /// <param name="blocks">Number of blocks in the speech encoder.</param>
    /// <param name="width">Number of channels in a row.</param>
    public SpeechTrack(long frames, int blocks, int width) => (Frames, Blocks, Width) = (frames, blocks, width);

    public long Frames { get; }

    public int Blocks { get; }

    public int Width { get; }

    /// <summary>Creates a track from an embedding in memory.</summary>
    /// <param name="embedding">[frames, blocks, width].</param>
    public static SpeechTrack From(Tensor embedding)
    {
        var track = new SpeechTrack(embedding.shape[0], (int)embedding.shape[1], (int)embedding.shape[2]);
        for (int block = 0; block < track.Blocks; block++)
        {
            using var scope = NewDisposeScope();
            track.Write(block, 0, embedding.select(1, block));
        }

        return track;
    }

    /// <summary>Writes rows of one block.</summary>
    /// <param name="block">Index of the block.</param>
    /// <param name="start">First frame.</param>
    /// <param name="rows">[frames, width].</param>
    public void Write(int block, long start, Tensor rows)
    {
        using var scope = NewDisposeScope();
        var plain = rows.to(ScalarType.Float32, CPU).contiguous();
        file.Write(Offset(block, start), plain.bytes);
    }

    /// <summary>Reads frames of all blocks.</summary>
    /// <returns>[count, blocks, width], float32, on the CPU.</returns>
    public Tensor Read(long start, int count)
    {
        using var scope = NewDisposeScope();
        return stack(Enumerable.Range(0, Blocks).Select(block => Read(block, start, count)), 1).MoveToOuterDisposeScope();
    }

    /// <summary>Reads frames of one block.</summary>
    /// <returns>[count, width], float32, on the CPU.</returns>
    public Tensor Read(int block, long start, int count)
    {
        var rows = empty([count, Width], ScalarType.Float32, CPU);
        file.Read(Offset(block, start), rows.bytes);
        return rows;
    }

    // the whole track has been read
    public ValueTask<int> ReadAsync(int end, CancellationToken cancellationToken) => ValueTask.FromResult(end);

    public Tensor Windows(int start, int frames, int window) => AudioWindows.Create(this, start, frames, window);

    public void Dispose() => file.Dispose();

    private long Offset(int block, long frame) => (block * Frames + frame) * Width * sizeof(float);
}
